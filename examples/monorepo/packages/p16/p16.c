#include "p16.h"

#include <p06.h>
#include <p07.h>

int p16(void) {
  return p06() + p07();
}
