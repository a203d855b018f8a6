#pragma once

int p14(void);
