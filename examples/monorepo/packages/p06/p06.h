#pragma once

int p06(void);
