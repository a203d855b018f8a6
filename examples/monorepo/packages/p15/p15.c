#include "p15.h"

#include <p05.h>
#include <p06.h>

int p15(void) {
  return p05() + p06();
}
