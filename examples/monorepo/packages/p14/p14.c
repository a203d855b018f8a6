#include "p14.h"

#include <p04.h>
#include <p05.h>

int p14(void) {
  return 0 + p04() + p05();
}
