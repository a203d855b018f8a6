/* Reads a schema, one message a line: its name, then the names of its fields. Writes C. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char header[] =
    "#pragma once\n"
    "#define SEPARATOR \"=\"\n"
    "struct message { const char *name; int fields; const char *field[8]; };\n"
    "/* Ends with a message without a name. */\n"
    "extern const struct message messages[];\n"
    "/* Differs where schemas differ. */\n"
    "extern const unsigned long schema_checksum;\n";

static void write_message(char *line) {
  char *words[9];
  int count = 0;
  for (char *word = strtok(line, " \n"); word != NULL && count < 9; word = strtok(NULL, " \n"))
    words[count++] = word;
  if (count == 0)
    return;
  printf("  {\"%s\", %d, {", words[0], count - 1);
  for (int i = 1; i < count; i++)
    printf("\"%s\", ", words[i]);
  puts("0}},");
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "header") == 0) {
    fputs(header, stdout);
    return 0;
  }
  char line[1024];
  uLong checksum = crc32(0, NULL, 0);
  puts("#include \"messages.h\"\nconst struct message messages[] = {");
  while (fgets(line, sizeof line, stdin) != NULL) {
    checksum = crc32(checksum, (Bytef *)line, strlen(line));
    write_message(line);
  }
  printf("  {0, 0, {0}},\n};\nconst unsigned long schema_checksum = %#lx;\n", checksum);
  return 0;
}
