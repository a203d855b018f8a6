#include <p26.h>
#include <stdio.h>

int main(void) {
  printf("p36 %d\n", p26());
  return 0;
}
