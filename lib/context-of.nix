# contextOf :: Any -> Context          Context = { <store path> = { path? = true, outputs? = [ String ], allOutputs? = true }; }
#
# Why: Nix takes a derivation's inputs from the string contexts of its attributes, and so do we. This walks a value the way in
# which Nix makes strings of it: paths are copied into the store, sets with `__toString` or `outPath` become that string.
# `builtins.toJSON` would do the same walk, but fails on strings that are not UTF-8, with an error that cannot be caught.
#
# Example:
#   contextOf { src = ./src; tool = pkgs.hello; }
#   => { "/nix/store/…-src" = { path = true; }; "/nix/store/…-hello.drv" = { outputs = [ "out" ]; }; }
{ }:
value:
let
  strings =
    value:
    let
      type = builtins.typeOf value;
    in
    if type == "string" then
      if builtins.hasContext value then [ value ] else [ ]
    else if type == "path" then
      [ "${value}" ]
    else if type == "list" then
      builtins.concatMap strings value
    else if type != "set" then
      [ ]
    else if value ? __toString then
      strings (value.__toString value)
    else if value ? outPath then
      strings value.outPath
    else
      builtins.concatMap (name: strings value.${name}) (builtins.attrNames value);
in
builtins.getContext (builtins.concatStringsSep "" (strings value))
