#include <p23.h>
#include <stdio.h>

int main(void) {
  printf("p33 %d\n", p23());
  return 0;
}
