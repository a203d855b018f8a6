#pragma once

int p12(void);
