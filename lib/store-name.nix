# storeName :: String -> String
#
# Why: an image name or an attribute name may hold what a store path's name may not, and a registry's name does not belong
# into one.
#
# Example:
#   storeName "ghcr.io/me/app-seed"  => "app-seed"
#   storeName "packages-a b"         => "packages-a-b"
{ }:
name:
let
  parts = builtins.filter builtins.isString (builtins.split "/" name);
  last = builtins.elemAt parts (builtins.length parts - 1);
  words = builtins.filter (part: builtins.isString part && part != "") (builtins.split "[^A-Za-z0-9+._?=-]+" last);
  joined = builtins.concatStringsSep "-" words;
in
# Nix refuses a leading dot and more than 211 bytes. The length leaves room for two such names and what is put around them.
builtins.substring 0 90 (if builtins.match "[A-Za-z0-9].*" joined != null then joined else "x${joined}")
