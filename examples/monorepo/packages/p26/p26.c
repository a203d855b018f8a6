#include "p26.h"

#include <p21.h>
#include <p22.h>

int p26(void) {
  return p21() + p22();
}
