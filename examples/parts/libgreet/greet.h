#pragma once

/* What to say before a name. */
const char *greeting(void);
