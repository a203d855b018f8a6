# Tests of mkSeed over a package set that is never built. Alone: nix eval --file nix/tests
let
  run = import ../../lib/tests/run.nix;
  exact = import ../mk-seed.nix { lib = import ../../lib; };
  # A plan would have to be built.
  mkSeed = arguments: exact (if builtins.isAttrs arguments then { closure = "direct"; } // arguments else arguments);
  pkgs = import ./package-set.nix;
  tests = file: import file { inherit mkSeed pkgs; };
in
run {
  darwin = tests ./darwin.nix;
  flake = tests ./flake.nix;
  flake-module = tests ./flake-module.nix;
  image = tests ./image.nix;
  laziness = tests ./laziness.nix;
  roots = tests ./roots.nix;
  seed-cfg = tests ./seed-cfg.nix;
}
