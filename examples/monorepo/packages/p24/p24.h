#pragma once

int p24(void);
