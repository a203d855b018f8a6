# seedCfg :: Any -> Cfg
#
# Why: what a flake's output `seedCfg` is made with: the normal form of what was written, or an error that names every mistake. Warnings are told while
# it is evaluated; `nix-seed cfg check` tells them again.
#
# Example:
#   seedCfg = inputs.nix-seed.lib.seedCfg { source = "github:me/app"; builders.ci.keys = [ ./ci.pub ]; };
{ lib }:
given:
let
  result = import ./or-throw.nix (lib.checkSeedCfg given);
in
builtins.foldl' (
  cfg: warning: builtins.trace "nix-seed: warning: seedCfg: ${warning}" cfg
) result.cfg result.warnings
