# flakeKey :: Flake -> String
#
# Why: two inputs are the same where their trees, and those of three levels of inputs below them, are.
#
# Example:
#   flakeKey inputs.nixpkgs  => "/nix/store/…-source()"
{ flakeTree }:
let
  identity =
    depth: flake:
    let
      inputs = flake.inputs or { };
      below = map (name: "${name}=${identity (depth - 1) inputs.${name}}") (builtins.attrNames inputs);
      tree = builtins.unsafeDiscardStringContext (flakeTree flake);
    in
    if depth == 0 then tree else "${tree}(${builtins.concatStringsSep "," below})";
in
identity 3
