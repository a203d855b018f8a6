# renderNixConf :: Settings -> String
#
# Why: the text of nix.conf, one setting a line, sorted, so that the same settings are the same bytes.
#
# Example:
#   renderNixConf { sandbox = false; experimental-features = [ "nix-command" "flakes" ]; cores = 2; }
#   => "cores = 2\nexperimental-features = nix-command flakes\nsandbox = false\n"
{ }:
settings:
let
  # A path is copied into the store: where it lies now is not in the image.
  atom =
    value:
    if builtins.isBool value then
      (if value then "true" else "false")
    else if builtins.isPath value then
      "${value}"
    else
      toString value;
  render = value: if builtins.isList value then builtins.concatStringsSep " " (map atom value) else atom value;
  line =
    name:
    let
      value = render settings.${name};
    in
    "${name} =${if value == "" then "" else " ${value}"}\n";
in
builtins.concatStringsSep "" (map line (builtins.attrNames settings))
