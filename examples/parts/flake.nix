{
  description = "Outputs put together from modules, in the manner of flake-parts, and an overlay that they come from";

  # Hidden between the outputs: the library libgreet, which the overlay has and no output names.

  inputs = {
    nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
    nix-seed = {
      url = "github:0compute/nix-seed";
      # One nixpkgs, so that the seed holds each dependency once.
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs:
    import ./modules/mk-flake.nix { inherit inputs; } {
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      imports = [
        ./modules/overlay.nix
        ./modules/packages.nix
        ./modules/checks.nix
        ./modules/development.nix
        ./modules/seed.nix
      ];
    };
}
