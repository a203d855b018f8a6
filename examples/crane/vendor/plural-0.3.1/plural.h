#pragma once

#include "strbuf.h"

/* Adds COUNT and NOUN, in its plural where that is called for. */
void plural(struct strbuf *buffer, unsigned count, const char *noun);
