# flakeTree :: Flake -> String
#
# Why: the source that a flake is from: all of it, where the flake is only a folder of it. An input that is no flake has it, too.
#
# Example:
#   flakeTree self  => "/nix/store/…-source"
{ }:
flake: flake.sourceInfo.outPath or flake.outPath
