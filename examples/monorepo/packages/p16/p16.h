#pragma once

int p16(void);
