#pragma once

int p26(void);
