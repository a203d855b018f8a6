#pragma once

int p11(void);
