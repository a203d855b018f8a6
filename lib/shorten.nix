# shorten :: String -> String
#
# Why: the index holds texts of at most 512 bytes, and an address or a list of licenses can be longer. Nix counts bytes, so a cut may go
# through a character: it is moved back to the last that is ASCII.
#
# Example:
#   shorten "blob-1: Unfree"
#   => "blob-1: Unfree"
{ }:
text:
let
  most = 500;
  ascii = builtins.match "(.*[ -~])[^ -~]*" (builtins.substring 0 most text);
in
if builtins.stringLength text <= most then text else "${if ascii == null then "" else builtins.head ascii}…"
