#include <p22.h>
#include <stdio.h>

int main(void) {
  printf("p32 %d\n", p22());
  return 0;
}
