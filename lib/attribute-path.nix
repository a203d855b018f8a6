# attributePath :: [ String ] -> String
#
# Why: messages name an output the way in which one types it after `.#`, quotes included.
#
# Example:
#   attributePath [ "packages" "x86_64-linux" "default" ]  => "packages.x86_64-linux.default"
#   attributePath [ "packages" "x86_64-linux" "lib-1.2" ]  => "packages.x86_64-linux.\"lib-1.2\""
{ }:
path:
let
  isIdentifier = name: builtins.match "[A-Za-z_][A-Za-z0-9_'-]*" name != null;
in
builtins.concatStringsSep "." (
  map (name: if isIdentifier name then name else "\"${builtins.replaceStrings [ "\\" "\"" ] [ "\\\\" "\\\"" ] name}\"") path
)
