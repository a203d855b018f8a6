#pragma once

int p05(void);
