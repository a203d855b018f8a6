echo "p58 $(p40 | jq --raw-input --compact-output 'split(" ")')"
