#pragma once

int p03(void);
