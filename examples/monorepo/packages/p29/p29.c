#include "p29.h"

#include <p26.h>
#include <p27.h>

int p29(void) {
  return 0 + p26() + p27();
}
