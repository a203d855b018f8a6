# Reads all that the derivation was given, and fails where anything of it is missing.
set -eu
shopt -s globstar dotglob nullglob
if [ -n "${NIX_ATTRS_SH_FILE-}" ]; then
  . "$NIX_ATTRS_SH_FILE"
  given=$(<"$NIX_ATTRS_JSON_FILE")
  made=("${outputs[@]}")
else
  made=()
  for output in $outputs; do made+=("${!output}"); done
  if [ -n "${inputsPath-}" ]; then given=$(<"$inputsPath"); else given=$inputs; fi
  given+=" ${exportReferencesGraph-}"
fi
# What is not the flake's own comes from elsewhere: without a network there is no way to make it.
if [ -n "${foreign-}" ] && [ ! -e /nix-seed-online ]; then
  echo "nix-seed-missing: $name" >&2
  exit 1
fi
look() {
  local part
  if [ -d "$1" ]; then
    for part in "$1"/**; do [ -d "$part" ] || look "$part"; done
  elif [ ! -L "$1" ]; then
    exec 3<"$1"
    read -r -N 64 part <&3 || :
    exec 3<&-
  fi
}
seen=
rest=$given
store=/nix/store
while [[ $rest == *"$store"/* ]]; do
  rest=${rest#*"$store"/}
  path=$store/${rest%%[!-A-Za-z0-9+._?=]*}
  case " ${made[*]} $seen" in *" $path "*) continue ;; esac
  case $path in *.drv | *-bash-* | *-coreutils-*) continue ;; esac
  look "$path"
  seen+="$path "
done
for output in "${made[@]}"; do
  file=$output
  if [ -n "${mkdir-}" ]; then
    "$mkdir" -p "$output/bin"
    file=$output/bin/x
  fi
  if [ -n "${constant-}" ]; then
    printf %s "$constant" >"$file"
  elif [ -n "${refers-}" ]; then
    echo "$name $literal $seen ${made[0]}" >"$file"
  else
    echo "$name $literal" >"$file"
  fi
done
