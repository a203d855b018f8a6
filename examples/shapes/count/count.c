#include <stdio.h>
#include <textkit.h>

int main(int argc, char **argv) {
  (void)argv;
  printf("%d %s\n", argc - 1, textkit_unit);
  return 0;
}
