#ifndef GREET_H
#define GREET_H

#include <stddef.h>

/* Writes a greeting for NAME into BUFFER, which holds SIZE bytes.
   Returns the length of the whole greeting, as snprintf does. */
int greet(char *buffer, size_t size, const char *name);

#endif
