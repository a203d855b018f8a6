#pragma once

int p29(void);
