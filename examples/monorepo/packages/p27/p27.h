#pragma once

int p27(void);
