#include "p12.h"

#include <p02.h>
#include <p03.h>

int p12(void) {
  return p02() + p03();
}
