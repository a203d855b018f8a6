#include <p25.h>
#include <stdio.h>

int main(void) {
  printf("p35 %d\n", p25());
  return 0;
}
