#include "p07.h"

int p07(void) {
  return 7;
}
