#pragma once

int p02(void);
