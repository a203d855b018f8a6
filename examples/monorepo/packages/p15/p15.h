#pragma once

int p15(void);
