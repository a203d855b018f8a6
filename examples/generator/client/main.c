/* Writes a message: its name is the first argument, its fields are the others. Without any, says which schema it speaks. */
#include "messages.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc == 1) {
    printf("schema %08lx\n", schema_checksum);
    return 0;
  }
  for (const struct message *message = messages; message->name != NULL; message++) {
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
