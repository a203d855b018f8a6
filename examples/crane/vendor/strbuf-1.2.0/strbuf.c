#include "strbuf.h"

#include <stdlib.h>
#include <string.h>

void strbuf_add(struct strbuf *buffer, const char *text) {
  size_t more = strlen(text);
  char *grown = realloc(buffer->text, buffer->length + more + 1);
  if (grown == NULL)
    abort();
  memcpy(grown + buffer->length, text, more + 1);
  buffer->text = grown;
  buffer->length += more;
}

void strbuf_free(struct strbuf *buffer) {
  free(buffer->text);
  *buffer = (struct strbuf){0};
}
