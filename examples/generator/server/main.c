/* Answers the messages that it reads, one a line. */
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(const char *name, char **values) {
  if (strcmp(name, "greet") == 0)
    printf("Hello, %s!\n", values[0]);
  else if (strcmp(name, "add") == 0)
    printf("%ld\n", strtol(values[0], NULL, 10) + strtol(values[1], NULL, 10));
  else
    puts("?");
}

/* A message's values, in the order of the schema; whether all are there. */
static int read_values(const struct message *message, char **values) {
  for (int i = 0; i < message->fields; i++) {
    size_t name = strlen(message->field[i]), separator = strlen(SEPARATOR);
    char *word = strtok(NULL, " \n");
    if (word == NULL || strncmp(word, message->field[i], name) != 0 || strncmp(word + name, SEPARATOR, separator) != 0)
      return 0;
    values[i] = word + name + separator;
  }
  return 1;
}

int main(void) {
  char line[1024], *values[8];
  while (fgets(line, sizeof line, stdin) != NULL) {
    const char *name = strtok(line, " \n");
    const struct message *message = messages;
    while (message->name != NULL && (name == NULL || strcmp(message->name, name) != 0))
      message++;
    if (message->name != NULL && read_values(message, values))
      answer(name, values);
    else
      puts("?");
  }
  return 0;
}
