# checks :: { system, pkgs, nixpkgs, nix-seed } -> { <name> = Derivation; }
#
# Why: what `nix flake check` builds: the unit tests, whose result is a line of text; the proof that each example's seed is complete; and
# seeds, which the helper then reads back and verifies.
#
# The flake-parts module is tested in nixpkgs' module system. With a package set that has none, as that of checks/, there is no such check.
{
  system,
  pkgs,
  nixpkgs,
  nix-seed,
}:
let
  example =
    name:
    import ./example.nix {
      folder = ../examples + "/${name}";
      inputs = {
        inherit nixpkgs nix-seed;
        # In the place of github:nix-systems/default, which is no more than such a list in a file.
        systems.outPath = builtins.toFile "systems.nix" "[ ${builtins.toJSON system} ]\n";
      };
    };
  tests = name: (example name).packages.${system}.seed.tests;
  examples = builtins.attrNames (builtins.readDir ../examples);
  checks =
    test: names:
    builtins.listToAttrs (
      map (name: {
        name = "example-${name}-${test}";
        value = (tests name).${test};
      }) names
    );
in
{
  lib = pkgs.writeText "nix-seed-lib-tests" (import ../lib/tests);
  mk-seed = pkgs.writeText "nix-seed-mk-seed-tests" (import ./tests);
}
// (
  if nixpkgs.lib ? evalModules then
    {
      flake-parts = pkgs.writeText "nix-seed-flake-parts-tests" (
        import ./tests/flake-parts {
          inherit (nixpkgs) lib;
          inherit nix-seed;
          example = import ./example.nix;
        }
      );
    }
  else
    { }
)
// (
  # The examples are written for Linux.
  if builtins.match ".*-linux" system != null then
    checks "complete" examples
    // checks "verify" [
      "hello"
      "c"
      "python"
    ]
  else
    { }
)
