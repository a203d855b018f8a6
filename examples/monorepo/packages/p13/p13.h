#pragma once

int p13(void);
