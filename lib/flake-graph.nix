# flakeGraph :: Flake -> [ { key :: String, flake :: Flake } ]
#
# Why: the inputs of a flake, and theirs, each once. `follows` can make inputs go round in circles, and one tree can be the source of
# several inputs that differ in what they follow. So an input is known by its tree and the trees of three levels of inputs below it; an input
# that differs only deeper than that is taken for the same.
#
# Example:
#   flakeGraph self  => [ { key = "/nix/store/…-source(nixpkgs=…)"; flake = { … }; } … ]
{ flakeKey }:
self:
let
  node = flake: {
    key = flakeKey flake;
    inherit flake;
  };
  inputsOf =
    flake:
    builtins.addErrorContext "while nix-seed looked for the inputs of a flake input" (
      map node (builtins.attrValues (flake.inputs or { }))
    );
in
builtins.genericClosure {
  startSet = inputsOf self;
  operator = { flake, ... }: inputsOf flake;
}
