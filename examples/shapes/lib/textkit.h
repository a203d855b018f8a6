#pragma once

/* What one of them is called. */
extern const char textkit_unit[];

/* Makes all letters of TEXT capital ones. */
void textkit_upper(char *text);
