#include "greet.h"

#include "words.h"

const char *greeting(void) {
  return GREETING;
}
