#pragma once

int p08(void);
