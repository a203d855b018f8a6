{
  description = "Sixty packages in sixty folders, found by reading the folder, that depend on each other";

  # Hidden between the outputs: the thirty libraries, which are built because programs need them. Nobody lists the packages: a folder
  # more in ./packages is a package more.

  inputs = {
    nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
    nix-seed = {
      url = "github:0compute/nix-seed";
      # One nixpkgs, so that the seed holds each dependency once.
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      nix-seed,
    }:
    let
      inherit (nixpkgs) lib;

      forEachSystem =
        function:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system:
          let
            pkgs = nixpkgs.legacyPackages.${system};
          in
          function pkgs (import ./monorepo.nix { inherit pkgs; }) self.packages.${system}
        );
    in
    {
      packages = forEachSystem (
        pkgs: monorepo: _packages:
        monorepo.programs
        // {
          # All that can be run, in one.
          default = pkgs.symlinkJoin {
            name = "monorepo";
            paths = lib.attrValues monorepo.programs;
          };
          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      # One per package: a program runs and says its name, a library's header can be included.
      checks = forEachSystem (_pkgs: monorepo: _packages: monorepo.checks);

      devShells = forEachSystem (
        pkgs: monorepo: packages: {
          default = pkgs.mkShell { inputsFrom = lib.attrValues monorepo.programs; };
        }
      );
    };
}
