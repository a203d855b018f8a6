#include "p29.h"

#include <p26.h>
#include <p27.h>
#include <sqlite3.h>

int p29(void) {
  return (sqlite3_libversion_number() < 3000000) + p26() + p27();
}
