/* stage FILE NAME: prints what FILE says of the stage NAME, which is a line "NAME: TEXT". */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  char line[256];
  FILE *stages = argc == 3 ? fopen(argv[1], "r") : NULL;
  while (stages != NULL && fgets(line, sizeof line, stages) != NULL) {
    size_t length = strlen(argv[2]);
    if (strncmp(line, argv[2], length) == 0 && strncmp(line + length, ": ", 2) == 0) {
      fputs(line + length + 2, stdout);
      return 0;
    }
  }
  fprintf(stderr, "stage: no stage %s\n", argc == 3 ? argv[2] : "was named");
  return 1;
}
