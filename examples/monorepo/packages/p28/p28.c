#include "p28.h"

#include <p23.h>
#include <p24.h>

int p28(void) {
  return p23() + p24();
}
