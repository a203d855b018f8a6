# Tests of mkSeed over a package set that is never built. Alone: nix eval --file nix/tests
let
  run = import ../../lib/tests/run.nix;
  mkSeed = import ../mk-seed.nix { lib = import ../../lib; };
  pkgs = import ./package-set.nix;
  tests = file: import file { inherit mkSeed pkgs; };
in
run {
  image = tests ./image.nix;
  laziness = tests ./laziness.nix;
  roots = tests ./roots.nix;
}
