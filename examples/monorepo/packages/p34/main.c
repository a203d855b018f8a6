#include <p24.h>
#include <stdio.h>

int main(void) {
  printf("p34 %d\n", p24());
  return 0;
}
