#pragma once

int p23(void);
