#include "p11.h"

#include <p01.h>
#include <p02.h>

int p11(void) {
  return p01() + p02();
}
