#include "p08.h"

int p08(void) {
  return 8;
}
