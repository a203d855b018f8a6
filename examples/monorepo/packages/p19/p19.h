#pragma once

int p19(void);
