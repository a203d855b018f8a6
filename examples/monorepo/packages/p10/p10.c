#include "p10.h"

int p10(void) {
  return 10;
}
