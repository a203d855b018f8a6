echo "p51 independent"
