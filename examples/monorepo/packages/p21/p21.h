#pragma once

int p21(void);
