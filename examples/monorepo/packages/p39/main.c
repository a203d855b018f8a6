#include <p29.h>
#include <stdio.h>

int main(void) {
  printf("p39 %d\n", p29());
  return 0;
}
