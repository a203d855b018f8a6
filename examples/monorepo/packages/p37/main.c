#include <p27.h>
#include <stdio.h>

int main(void) {
  printf("p37 %d\n", p27());
  return 0;
}
