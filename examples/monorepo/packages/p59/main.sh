echo "p59 $(p57), $(p58)"
