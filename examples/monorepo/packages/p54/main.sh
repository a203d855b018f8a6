echo "p54 $(p32), $(p40)"
