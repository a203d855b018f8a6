#include "p27.h"

#include <p22.h>
#include <p23.h>

int p27(void) {
  return p22() + p23();
}
