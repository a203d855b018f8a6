#include <stdio.h>

int main(void) {
  unsigned long lines = 0;
  for (int c = getchar(); c != EOF; c = getchar()) {
    if (c == '\n') {
      lines++;
    }
  }
  return printf("%lu lines\n", lines) < 0;
}
