#include <colour.h>
#include <stdio.h>

int main(int argc, char **argv) {
  printf("%s %s\n", colour_prefix(), argc > 1 ? argv[1] : "grey");
  return 0;
}
