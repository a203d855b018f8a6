# seedCfg as a flake calls it, and that a seed and it know nothing of each other.
{ mkSeed, pkgs }:
let
  lib = import ../../lib;
  seedCfg = import ../seed-cfg.nix { inherit lib; };
  trap = throw "this must not be evaluated";
  evaluates = value: (builtins.tryEval (builtins.deepSeq value true)).success;
  right = {
    source = "github:owner/app";
    builders.ci.keys = [ ../../lib/seed-cfg/examples/keys/ci.pub ];
  };
in
{
  "it is the normal form" = {
    actual = seedCfg right == (lib.checkSeedCfg right).cfg;
    expected = true;
  };
  "its normal form is itself" = {
    actual = seedCfg (seedCfg right) == seedCfg right;
    expected = true;
  };
  "it is an error where it is wrong" = {
    actual = map (wrong: evaluates (seedCfg (right // wrong))) [
      { }
      { builders = { }; }
      { level = 4; }
    ];
    expected = [
      true
      false
      false
    ];
  };
  "a seed does not ask whom its flake trusts" = {
    actual =
      evaluates
        (mkSeed {
          inherit pkgs;
          self = {
            _type = "flake";
            outPath = "${../tests}";
            inputs = { };
            packages.x86_64-linux.default = pkgs.make "app" { };
            seedCfg = trap;
          };
        }).drvPath;
    expected = true;
  };
}
