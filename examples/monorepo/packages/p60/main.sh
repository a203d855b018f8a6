echo "p60 $(p59), $(p53)"
