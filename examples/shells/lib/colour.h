#pragma once

/* What comes before the name of a colour. */
const char *colour_prefix(void);
