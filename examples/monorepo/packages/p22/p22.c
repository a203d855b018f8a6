#include "p22.h"

#include <p12.h>
#include <p17.h>

int p22(void) {
  return p12() + p17();
}
