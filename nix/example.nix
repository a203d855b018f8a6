# example :: { folder, inputs } -> Flake
#
# Why: an example is a flake of its own, locked by whoever copies it. Here it is taken as Nix would take it, but with the inputs that
# this flake has, so that the examples are part of its checks.
{ folder, inputs }:
let
  flake = import (folder + "/flake.nix");
  wanted = builtins.intersectAttrs flake.inputs inputs;
  outputs = flake.outputs (wanted // { self = result; });
  result = outputs // {
    _type = "flake";
    outPath = "${folder}";
    inputs = wanted;
    inherit outputs;
  };
in
result
