#include "colour.h"

const char *colour_prefix(void) {
  return "light";
}
