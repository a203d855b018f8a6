#include "table.h"

#include <stdio.h>
#include <string.h>

/* Of the other library. */
void padding(const char *text, int width);

void table(int count, char **rows) {
  for (int i = 0; i < count; i++) {
    char *value = strchr(rows[i], '=');
    if (value == NULL)
      continue;
    *value++ = '\0';
    padding(rows[i], 10);
    puts(value);
  }
}
