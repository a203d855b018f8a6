#include "p06.h"

int p06(void) {
  return 6;
}
