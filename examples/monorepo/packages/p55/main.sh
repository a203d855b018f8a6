echo "p55 $(p33), $(p41)"
