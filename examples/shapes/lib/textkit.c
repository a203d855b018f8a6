#include "textkit.h"

#include <ctype.h>

const char textkit_unit[] = "words";

void textkit_upper(char *text) {
  for (; *text != '\0'; text++)
    *text = toupper((unsigned char)*text);
}
