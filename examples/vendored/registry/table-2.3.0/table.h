#pragma once

/* Writes ROWS, each of the form "name=value", one a line. */
void table(int count, char **rows);
