#include <stdio.h>

int main(void) {
  puts("p48 alone");
  return 0;
}
