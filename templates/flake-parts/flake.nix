{
  description = "One package and its seed, with flake-parts";

  inputs = {
    nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
    flake-parts = {
      url = "github:hercules-ci/flake-parts";
      inputs.nixpkgs-lib.follows = "nixpkgs";
    };
    nix-seed = {
      url = "github:0compute/nix-seed";
      # One nixpkgs, so that the seed holds each dependency once.
      inputs.nixpkgs.follows = "nixpkgs";
    };
    systems.url = "github:nix-systems/default";
  };

  outputs =
    inputs:
    inputs.flake-parts.lib.mkFlake { inherit inputs; } {
      # Gives the flake packages.<system>.seed.
      imports = [ inputs.nix-seed.flakeModules.default ];
      systems = import inputs.systems;
      perSystem =
        { pkgs, ... }:
        {
          # placeholder
          packages.default = pkgs.hello;
          # What mkSeed takes, but pkgs and self.
          seed.tag = "main";
        };
    };
}
