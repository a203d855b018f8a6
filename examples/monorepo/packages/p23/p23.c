#include "p23.h"

#include <p13.h>
#include <p18.h>

int p23(void) {
  return p13() + p18();
}
