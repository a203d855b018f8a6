#include "p21.h"

#include <p11.h>
#include <p16.h>

int p21(void) {
  return p11() + p16();
}
