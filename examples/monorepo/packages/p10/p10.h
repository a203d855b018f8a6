#pragma once

int p10(void);
