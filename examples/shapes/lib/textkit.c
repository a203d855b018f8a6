#include "textkit.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

const char textkit_unit[] = "words";

unsigned long textkit_checksum(const char *text) {
  return crc32(0, (const Bytef *)text, strlen(text));
}

void textkit_upper(char *text) {
  for (; *text != '\0'; text++)
    *text = toupper((unsigned char)*text);
}
