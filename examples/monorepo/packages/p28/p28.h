#pragma once

int p28(void);
