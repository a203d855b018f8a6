#include <p12.h>
#include <p02.h>
#include <stdio.h>

int main(void) {
  printf("p42 %d\n", p12() + p02());
  return 0;
}
