echo "p52 on its own"
