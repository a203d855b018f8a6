#pragma once

int p30(void);
