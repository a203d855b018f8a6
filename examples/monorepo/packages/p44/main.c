#include <p14.h>
#include <p04.h>
#include <stdio.h>

int main(void) {
  printf("p44 %d\n", p14() + p04());
  return 0;
}
