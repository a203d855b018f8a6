#include "p30.h"

#include <p27.h>
#include <p28.h>

int p30(void) {
  return p27() + p28();
}
