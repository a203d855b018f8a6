echo "p49 alone"
