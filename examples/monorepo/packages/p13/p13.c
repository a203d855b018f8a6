#include "p13.h"

#include <p03.h>
#include <p04.h>

int p13(void) {
  return p03() + p04();
}
