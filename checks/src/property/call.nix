# call :: { folder, dir, info, nixpkgs } -> Flake
#
# Why: a folder is a flake as Nix would call it, without the time that a fetch and a lock take.
{
  folder,
  dir,
  info,
  nixpkgs,
}:
let
  sourceInfo = info // {
    outPath = builtins.path {
      path = /. + folder;
      name = "source";
    };
  };
  outPath = sourceInfo.outPath + dir;
  outputs = (import (outPath + "/flake.nix")).outputs (inputs // { inherit self; });
  inputs = { inherit nixpkgs; };
  self =
    outputs
    // sourceInfo
    // {
      _type = "flake";
      inherit
        outPath
        sourceInfo
        outputs
        inputs
        ;
    };
in
self
