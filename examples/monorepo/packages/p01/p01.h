#pragma once

int p01(void);
