#include "p13.h"

#include <p03.h>
#include <p04.h>

int p13(void) {
  return 0 + p03() + p04();
}
