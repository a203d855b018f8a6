# programs :: Pkgs -> { nix-seed, nix-seed-helper }
#
# Why: the two programs by the names that they have in a package set.
pkgs: {
  nix-seed = import ./client.nix pkgs;
  nix-seed-helper = import ./helper.nix pkgs;
}
