echo "p50 by itself"
