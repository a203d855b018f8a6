#include "p01.h"

int p01(void) {
  return 1;
}
