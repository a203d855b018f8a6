#include "p25.h"

#include <p15.h>
#include <p20.h>

int p25(void) {
  return p15() + p20();
}
