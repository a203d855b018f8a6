#include "p18.h"

#include <p08.h>
#include <p09.h>

int p18(void) {
  return p08() + p09();
}
