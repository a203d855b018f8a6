/* Writes a message: its name is the first argument, its fields are the others. */
#include "messages.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  for (const struct message *message = messages; argc > 1 && message->name != NULL; message++) {
    if (strcmp(message->name, argv[1]) != 0 || message->fields != argc - 2)
      continue;
    fputs(message->name, stdout);
    for (int i = 0; i < message->fields; i++)
      printf(" %s" SEPARATOR "%s", message->field[i], argv[i + 2]);
    putchar('\n');
    return 0;
  }
  fputs("usage: client MESSAGE FIELD…\n", stderr);
  return 2;
}
