#include "p20.h"

#include <p01.h>
#include <p10.h>

int p20(void) {
  return p01() + p10();
}
