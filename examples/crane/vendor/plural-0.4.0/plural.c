#include "plural.h"

#include <stdio.h>

void plural(struct strbuf *buffer, unsigned count, const char *noun) {
  char number[16];
  snprintf(number, sizeof number, "%u x ", count);
  strbuf_add(buffer, number);
  strbuf_add(buffer, noun);
  if (count > 1)
    strbuf_add(buffer, "s");
#ifdef FEATURE_LOUD
  strbuf_add(buffer, "!");
#endif
}
