# checkInput :: Entry -> Input -> { ok = true; } | { ok = false; message :: String; }
#
# Why: the path of a content-addressed derivation's result is not known before it is built; Nix gives a placeholder instead. A seed can
# hold neither the path nor the realisation that says where it is.
#
# Example:
#   checkInput entry { sort = "output"; path = "/nix/store/…-zlib.drv"; root = "/nix/store/…-zlib"; … }  => { ok = true; }
{ }:
entry:
{ path, root, ... }:
let
  store = "${builtins.storeDir}/";
in
if builtins.substring 0 (builtins.stringLength store) root == store then
  { ok = true; }
else
  {
    ok = false;
    message = ''
      nix-seed: ${entry.label} needs the result of ${path}, which is content-addressed (__contentAddressed): a seed cannot hold the realisation that says where it is.
      Build that without __contentAddressed, or leave ${entry.label} out with `exclude`'';
  }
