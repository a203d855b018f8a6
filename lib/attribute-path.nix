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
  # Not only what has to be escaped: a line break in a name would break the message's line.
  escape =
    builtins.replaceStrings
      [ "\\" "\"" "\n" "\r" "\t" "\${" ]
      [ "\\\\" "\\\"" "\\n" "\\r" "\\t" "\\\${" ];
  # The length first: the regex engine recurses over a long name.
  isIdentifier = name: builtins.stringLength name < 1000 && builtins.match "[A-Za-z_][A-Za-z0-9_'-]*" name != null;
in
builtins.concatStringsSep "." (
  map (name: if isIdentifier name then name else "\"${escape name}\"") path
)
