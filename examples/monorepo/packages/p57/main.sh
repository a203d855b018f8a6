echo "p57 $(p39 | gawk '{ print $2 * 2 }')"
