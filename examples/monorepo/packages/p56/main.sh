echo "p56 $(p34), $(p42)"
