#include "padding.h"

#include <stdio.h>
#include <string.h>

void padding(const char *text, int width) {
  fputs(text, stdout);
  for (int used = strlen(text); used < width; used++)
    putchar('.');
}
