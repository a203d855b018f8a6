#pragma once

int p09(void);
