{
  description = "A program in two builds, in the manner of crane: first its dependencies, then itself";

  # Hidden between the outputs: the vendored libraries, a dummy source, and the build of only the dependencies. All of them depend
  # on files of this flake, and none of them is an output.

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
      # What each kind of output is, for a package set, and this flake's builds and packages of the same system.
      forEachSystem =
        function:
        nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system:
          let
            pkgs = nixpkgs.legacyPackages.${system};
          in
          function pkgs (buildsFor pkgs) self.packages.${system}
        );

      buildsFor =
        pkgs:
        let
          builds = import ./lib.nix { inherit pkgs; };
          src = builds.cleanSource ./.;
        in
        builds
        // {
          inherit src;
          # Built again when project.toml's features or project.lock change; an edit below src/ leaves it alone.
          artifacts = builds.buildDepsOnly { inherit src; };
        };
    in
    {
      packages = forEachSystem (
        pkgs: builds: _packages: {
          default = builds.buildPackage { inherit (builds) src artifacts; };
          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: builds: packages: {
          # The same artifacts again: a check does not build the dependencies a second time.
          warnings = builds.lint { inherit (builds) src artifacts; };

          counts = pkgs.runCommand "counts" { nativeBuildInputs = [ packages.default ]; } ''
            tally apple pear apple | tee $out
            grep --quiet 'apple' $out
          '';
        }
      );

      devShells = forEachSystem (
        pkgs: _builds: packages: {
          default = pkgs.mkShell { inputsFrom = [ packages.default ]; };
        }
      );
    };
}
