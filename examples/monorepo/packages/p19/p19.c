#include "p19.h"

#include <p09.h>
#include <p10.h>

int p19(void) {
  return p09() + p10();
}
