{
  description = "A Python program, its unit tests as a check, a development shell, and the seed of them all";

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
        pkgs: _packages: {
          default = pkgs.python3Packages.buildPythonApplication {
            pname = "wordcount";
            version = "1.0.0";
            pyproject = true;
            # Not all of the folder: an edit of the tests, or of this file, does not build the program again.
            src = pkgs.lib.fileset.toSource {
              root = ./.;
              fileset = pkgs.lib.fileset.unions [
                ./pyproject.toml
                ./src
              ];
            };
            build-system = [ pkgs.python3Packages.setuptools ];
            meta.mainProgram = "wordcount";
          };

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          # Python's own unittest: nothing to fetch, in the seed or elsewhere. Its report is not kept: it says how long it took, and a
          # result is to be the same each time.
          unit-tests = pkgs.runCommand "wordcount-unit-tests" { nativeBuildInputs = [ pkgs.python3 ]; } ''
            export PYTHONPATH=${./src} PYTHONDONTWRITEBYTECODE=1
            python3 -m unittest discover --start-directory ${./tests} --verbose
            touch $out
          '';

          # The installed command, as a user runs it.
          counts = pkgs.runCommand "wordcount-counts" { nativeBuildInputs = [ packages.default ]; } ''
            echo "to be or not to be" | wordcount | tee $out
            grep --quiet --line-regexp '2 be' $out
          '';
        }
      );

      apps = forEachSystem (
        pkgs: packages: {
          default = {
            type = "app";
            program = pkgs.lib.getExe packages.default;
            meta.description = "Counts the words of a text";
          };
        }
      );

      devShells = forEachSystem (
        pkgs: _packages: {
          default = pkgs.mkShell { packages = [ pkgs.python3 ]; };
        }
      );
    };
}
