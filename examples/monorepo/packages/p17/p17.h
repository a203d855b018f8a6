#pragma once

int p17(void);
