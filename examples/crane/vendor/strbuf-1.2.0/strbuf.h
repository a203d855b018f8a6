#pragma once

#include <stddef.h>

/* Text that grows: begins as {0}, ends with strbuf_free. */
struct strbuf {
  char *text;
  size_t length;
};

void strbuf_add(struct strbuf *buffer, const char *text);
void strbuf_free(struct strbuf *buffer);
