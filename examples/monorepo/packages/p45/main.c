#include <p25.h>
#include <stdio.h>
#include <zlib.h>

int main(void) {
  int value = p25();
  printf("p45 %d %08lx\n", value, crc32(0, (const unsigned char *)&value, sizeof value));
  return 0;
}
