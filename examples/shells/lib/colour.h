#pragma once

/* What comes before the name of a colour: always the same for the same name. */
const char *colour_prefix(const char *name);
