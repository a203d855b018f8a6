#include "p14.h"

#include <p04.h>
#include <p05.h>

int p14(void) {
  return p04() + p05();
}
