#include <stdio.h>

int main(void) {
  puts("p47 alone");
  return 0;
}
