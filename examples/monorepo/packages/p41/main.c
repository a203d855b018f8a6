#include <p11.h>
#include <p01.h>
#include <stdio.h>

int main(void) {
  printf("p41 %d\n", p11() + p01());
  return 0;
}
