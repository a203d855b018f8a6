# drvAttrs :: Derivation -> { … } | null
#
# Why: what a derivation is made of. `derivation` and nixpkgs' functions show it; nixpkgs' `lazyDerivation` (NixOS tests, for one)
# hides it behind the outputs. Null where it is not to be had.
#
# Example:
#   (drvAttrs pkgs.hello).builder  => "/nix/store/…-bash/bin/bash"
{ }:
value:
value.drvAttrs or value.${value.outputName or "out"}.drvAttrs or null
