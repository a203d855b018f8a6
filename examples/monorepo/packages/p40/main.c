#include <p30.h>
#include <stdio.h>

int main(void) {
  printf("p40 %d\n", p30());
  return 0;
}
