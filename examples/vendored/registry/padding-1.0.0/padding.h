#pragma once

/* Prints TEXT and as many dots as make it WIDTH wide. */
void padding(const char *text, int width);
