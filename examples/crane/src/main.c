/* Counts how often each argument is given. */
#include "plural.h"

#include <stdio.h>
#include <string.h>

static unsigned count(char **words, const char *word) {
  unsigned found = 0;
  for (; *words != NULL; words++)
    found += strcmp(*words, word) == 0;
  return found;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (count(argv + i, argv[i]) < count(argv + 1, argv[i]))
      continue;
    struct strbuf line = {0};
    plural(&line, count(argv + 1, argv[i]), argv[i]);
    puts(line.text);
    strbuf_free(&line);
  }
  return 0;
}
