#include "util/util.c"
