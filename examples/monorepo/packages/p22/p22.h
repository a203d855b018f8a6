#pragma once

int p22(void);
