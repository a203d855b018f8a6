{
  description = "A C library, a program that uses it, a check, an app, a development shell, and the seed of them all";

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
      # What each kind of output is, for a package set and for this flake's packages of the same system.
      forEachSystem =
        function:
        nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system: function nixpkgs.legacyPackages.${system} self.packages.${system}
        );
    in
    {
      packages = forEachSystem (
        pkgs: packages: {
          # The library, with its header in an output of its own: who runs the program does not need it.
          libgreet = pkgs.stdenv.mkDerivation {
            pname = "libgreet";
            version = "1.0.0";
            src = ./libgreet;
            outputs = [
              "out"
              "dev"
            ];
            makeFlags = [
              "LIBDIR=${placeholder "out"}/lib"
              "INCLUDEDIR=${placeholder "dev"}/include"
            ];
          };

          # The program. The library is an output of this flake, so the seed holds what the library is built with, not the
          # library: either may be edited, and both are built in the seed.
          default = pkgs.stdenv.mkDerivation {
            pname = "greet";
            version = "1.0.0";
            src = ./greet;
            buildInputs = [ packages.libgreet ];
            makeFlags = [ "BINDIR=${placeholder "out"}/bin" ];
            meta.mainProgram = "greet";
          };

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          greets-by-name = pkgs.runCommand "greets-by-name" { nativeBuildInputs = [ packages.default ]; } ''
            greet World | tee $out
            grep --quiet --line-regexp 'Hello, World!' $out
          '';
        }
      );

      apps = forEachSystem (
        pkgs: packages: {
          default = {
            type = "app";
            program = pkgs.lib.getExe packages.default;
            meta.description = "Greets somebody by name";
          };
        }
      );

      devShells = forEachSystem (
        pkgs: packages: {
          # All that the library and the program are built with.
          default = pkgs.mkShell {
            inputsFrom = [
              packages.libgreet
              packages.default
            ];
          };
        }
      );
    };
}
