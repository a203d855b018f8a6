# flakeKey :: Flake -> String
#
# Why: two inputs are the same where their trees, the folders of these that they lie in, and those of three levels of inputs below them, are.
# Inputs that differ only deeper than that are taken for the same.
#
# Example:
#   flakeKey inputs.nixpkgs  => "/nix/store/…-source:/nix/store/…-source()"
{ flakeTree }:
let
  identity =
    depth: flake:
    let
      inputs = flake.inputs or { };
      below = map (name: "${name}=${identity (depth - 1) inputs.${name}}") (builtins.attrNames inputs);
      plain = builtins.unsafeDiscardStringContext;
      kind = if flake._type or null == "flake" then "" else "!";
      tree = "${kind}${plain (flakeTree flake)}:${plain flake.outPath}";
    in
    if depth == 0 then tree else "${tree}(${builtins.concatStringsSep "," below})";
in
identity 3
