#include <p13.h>
#include <p03.h>
#include <stdio.h>

int main(void) {
  printf("p43 %d\n", p13() + p03());
  return 0;
}
