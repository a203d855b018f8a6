{
  description = "Four development shells: for a package, with a tool of this flake, without mkShell, without a compiler";

  # Hidden between the outputs: the library in ./lib, the tool in ./tools and the scripts in ./scripts. Only shells, and a package that
  # a shell is for, name them.

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

      libcolourFor =
        pkgs:
        pkgs.stdenv.mkDerivation {
          name = "libcolour";
          src = ./lib;
          # No output needs it.
          buildInputs = [ pkgs.zlib ];
          makeFlags = [ "PREFIX=${placeholder "out"}" ];
        };

      stageFor =
        pkgs:
        pkgs.runCommandCC "stage" { meta.mainProgram = "stage"; } ''
          mkdir -p $out/bin
          $CC -O2 -Wall -Wextra ${./tools/stage.c} -o $out/bin/stage
        '';
    in
    {
      packages = forEachSystem (
        pkgs: packages: {
          default = pkgs.stdenv.mkDerivation {
            name = "paint";
            src = ./paint;
            buildInputs = [ (libcolourFor pkgs) ];
            makeFlags = [ "PREFIX=${placeholder "out"}" ];
            meta.mainProgram = "paint";
          };

          swatch =
            pkgs.runCommand "swatch"
              {
                nativeBuildInputs = [
                  packages.default
                  pkgs.jq
                ];
              }
              ''
                paint blue | jq --raw-input . > $out
              '';

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      devShells = forEachSystem (
        pkgs: packages: {
          # All that the packages are built with, but not they themselves: jq, and the library as it is in ./lib.
          default = pkgs.mkShell {
            inputsFrom = [
              packages.default
              packages.swatch
            ];
          };

          # Begins by asking a tool of this flake what the variable STAGE means: `STAGE=release nix develop .#staged`.
          staged = pkgs.mkShell {
            packages = [ (stageFor pkgs) ];
            stages = ./tools/stages.txt;
            shellHook = ''
              flags=$(stage "$stages" "''${STAGE:-development}") && export CFLAGS=$flags
            '';
          };

          # What mkShell is made of. `nix develop` takes the environment of any derivation, whether or not that could be built.
          plain = pkgs.stdenv.mkDerivation {
            name = "plain-shell";
            nativeBuildInputs = [ pkgs.pkg-config ];
            buildInputs = [ (libcolourFor pkgs) ];
            COLOUR = "green";
            shellHook = "export PAINT_DEFAULT=$COLOUR";
          };

          # For work that compiles nothing: no compiler is in it, and none in what it needs.
          scripts = pkgs.mkShellNoCC {
            packages = [
              pkgs.jq
              (pkgs.writeShellScriptBin "describe" (builtins.readFile ./scripts/describe.sh))
            ];
          };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          paints = pkgs.runCommand "paints" { nativeBuildInputs = [ packages.default ]; } ''
            paint red | tee $out
            grep --quiet red $out
          '';
        }
      );
    };
}
