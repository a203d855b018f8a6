#include <stdio.h>
#include <textkit.h>

int main(void) {
  char line[1024];
  while (fgets(line, sizeof line, stdin) != NULL) {
    textkit_upper(line);
    fputs(line, stdout);
  }
  return 0;
}
