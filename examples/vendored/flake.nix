{
  description = "A program whose dependencies are fetched by a fixed-output derivation that reads the lock file in its source";

  # Hidden between the outputs: `staging`, which fetches, and `vendor`, which is made of that. As nixpkgs' fetchCargoVendor, npmDeps and
  # goModules, `staging` has the whole flake for its source, and its result is known by a hash. An edit changes its derivation each time,
  # and its result only together with the hash: it is not fetched again.

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

      # A command that reads the lock file while something is built. The program itself does not need jq.
      folders = "jq --raw-output 'to_entries[] | \"\\(.key)-\\(.value)\"' deps-lock.json";

      # What the lock file names, as it comes. Where a real one would call curl, this one takes from ./registry, so that the example can
      # be built by anyone, anywhere.
      stagingFor =
        pkgs:
        pkgs.stdenvNoCC.mkDerivation {
          name = "report-staging";
          src = ./.;
          nativeBuildInputs = [ pkgs.jq ];
          buildPhase = ''
            mkdir staging
            for folder in $(${folders}); do
              cp -r registry/$folder staging
            done
          '';
          installPhase = "cp -r staging $out";
          # What is fetched is not changed.
          dontFixup = true;
          # After a change of deps-lock.json: pkgs.lib.fakeHash, build, and take the hash that Nix says it got.
          outputHashMode = "recursive";
          outputHashAlgo = "sha256";
          outputHash = "sha256-IxVkAZJUuBaL+aKDvuue+m0l4xJX2OLe8u7zWaooIcU=";
        };

      # What was fetched, as the compiler wants it. This is no fixed output: it is built again when the sources change.
      vendorFor =
        pkgs:
        pkgs.stdenv.mkDerivation {
          name = "report-vendor";
          src = ./.;
          staging = stagingFor pkgs;
          nativeBuildInputs = [ pkgs.jq ];
          buildPhase = ''
            for folder in $(${folders}); do
              $CC -O2 -Wall -Wextra -I$staging/$folder -c $staging/$folder/*.c
            done
            $AR rcsD libvendor.a *.o
          '';
          installPhase = ''
            install -D -m 644 libvendor.a -t $out/lib
            install -D -m 644 $staging/*/*.h -t $out/include
          '';
        };
    in
    {
      packages = forEachSystem (
        pkgs: packages: {
          default = pkgs.stdenv.mkDerivation {
            name = "report";
            src = ./.;
            buildInputs = [ (vendorFor pkgs) ];
            buildPhase = "$CC -O2 -Wall -Wextra src/report.c -lvendor -o report";
            installPhase = "install -D -m 755 report -t $out/bin";
            meta.mainProgram = "report";
          };

          # As goModules of buildGoModule: the fetch is an attribute of the package, and still no output.
          bundled = packages.default.overrideAttrs {
            name = "report-bundled";
            postFixup = "cp -r ${stagingFor pkgs} $out/sources";
            passthru.staging = stagingFor pkgs;
          };

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          reports = pkgs.runCommand "reports" { nativeBuildInputs = [ packages.default ]; } ''
            report a=1 bb=22 | tee $out
            grep --quiet 'bb' $out
          '';
        }
      );

      devShells = forEachSystem (
        pkgs: packages: {
          default = pkgs.mkShell { inputsFrom = [ packages.default ]; };
        }
      );
    };
}
