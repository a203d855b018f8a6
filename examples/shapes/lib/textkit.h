#pragma once

/* A number that says whether two texts are the same. */
unsigned long textkit_checksum(const char *text);

/* What one of them is called. */
extern const char textkit_unit[];

/* Makes all letters of TEXT capital ones. */
void textkit_upper(char *text);
