#pragma once

int p20(void);
