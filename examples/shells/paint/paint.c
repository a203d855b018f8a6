#include <colour.h>
#include <stdio.h>

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "grey";
  printf("%s %s\n", colour_prefix(name), name);
  return 0;
}
