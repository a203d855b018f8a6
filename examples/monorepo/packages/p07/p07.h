#pragma once

int p07(void);
