#include <greet.h>
#include <stdio.h>

#ifdef SHOUTING
#define END "!!!"
#else
#define END "!"
#endif

int main(int argc, char **argv) {
  printf("%s, %s" END "\n", greeting(), argc > 1 ? argv[1] : "nobody");
  return 0;
}
