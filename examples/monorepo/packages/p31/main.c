#include <p21.h>
#include <stdio.h>

int main(void) {
  printf("p31 %d\n", p21());
  return 0;
}
