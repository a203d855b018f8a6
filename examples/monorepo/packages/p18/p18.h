#pragma once

int p18(void);
