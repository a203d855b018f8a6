int only() { return 0; }
