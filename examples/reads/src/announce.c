/* Says which service listens where, with the greeting that the settings have; without arguments, which services there are. */
#include "version.h"

#include <stdio.h>

static void read_greeting(char *greeting) {
  FILE *settings = fopen(CONFIG, "r");
  char line[256];
  while (settings != NULL && fgets(line, sizeof line, settings) != NULL)
    sscanf(line, "greeting = \"%63[^\"]\"", greeting);
  if (settings != NULL)
    fclose(settings);
}

int main(int argc, char **argv) {
  char greeting[64] = "Hello";
  read_greeting(greeting);
  if (argc == 3)
    printf("%s to %s at port %s\n", greeting, argv[1], argv[2]);
  else {
    printf("announce %s (%s, %.8s)\n", VERSION, REVISION, DATE);
#define SERVICE(name, port) printf("  %s: %d\n", name, port);
#include "services.h"
  }
  return 0;
}
