#include "p11.h"

#include <p01.h>
#include <p02.h>

int p11(void) {
  return 0 + p01() + p02();
}
