#pragma once

int p25(void);
