echo "p53 $(p31), $(p39)"
