/* Prints its arguments, of the form name=value, as a table. */
#include <stdio.h>
#include <table.h>

int main(int argc, char **argv) {
  puts("Report");
  table(argc - 1, argv + 1);
  return 0;
}
