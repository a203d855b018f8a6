#pragma once

int p04(void);
