int version = 2;
