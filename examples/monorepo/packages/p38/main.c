#include <p28.h>
#include <stdio.h>

int main(void) {
  printf("p38 %d\n", p28());
  return 0;
}
