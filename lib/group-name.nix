# groupName :: [ String ] -> String
#
# Why: a group is called after its output, but an attribute name may be anything, and of any length. The name of a group is part of a
# store name and of the image's documents, and format.md limits it. So a name that a store path cannot have, or that is long, is cut and
# gets a hash of the whole. One that ends like that already gets it too, so that no two outputs share a name.
#
# Example:
#   groupName [ "packages" "x86_64-linux" "default" ]  => "packages-default"
#   groupName [ "packages" "x86_64-linux" "a b" ]      => "packages-a-b-6c835a1e38cad502"
{ storeName }:
path:
let
  # <kind>.<system>.<name> without the system: it is the same throughout.
  name = builtins.concatStringsSep "-" ([ (builtins.head path) ] ++ builtins.tail (builtins.tail path));

  # storeName takes what follows the last slash, and a long name is more than the regex engine can bear.
  beginning = builtins.replaceStrings [ "/" ] [ "-" ] (builtins.substring 0 200 name);
  plain = storeName beginning;
  isHashed = builtins.match ".*-[0-9a-f]{16}" plain != null;

  hash = builtins.substring 0 16 (builtins.hashString "sha256" name);
in
if plain == name && !isHashed then name else "${builtins.substring 0 70 plain}-${hash}"
