#include "p17.h"

#include <p07.h>
#include <p08.h>

int p17(void) {
  return p07() + p08();
}
