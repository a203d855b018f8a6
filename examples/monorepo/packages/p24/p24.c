#include "p24.h"

#include <p14.h>
#include <p19.h>

int p24(void) {
  return p14() + p19();
}
