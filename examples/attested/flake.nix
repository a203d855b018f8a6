{
  description = "A program whose builds are signed, and verified before use";

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
      forEachSystem =
        function:
        nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system: function nixpkgs.legacyPackages.${system} self.packages.${system}
        );
    in
    {
      packages = forEachSystem (
        pkgs: _packages: {
          default = pkgs.stdenv.mkDerivation {
            pname = "tally";
            version = "1.0.0";
            src = ./tally;
            makeFlags = [ "BINDIR=${placeholder "out"}/bin" ];
            meta.mainProgram = "tally";
          };

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          counts = pkgs.runCommand "tally-counts" { nativeBuildInputs = [ packages.default ]; } ''
            printf 'b\na\nb\n' | tally | tee $out
            grep --quiet --line-regexp '3 lines' $out
          '';
        }
      );

      apps = forEachSystem (
        pkgs: packages: {
          default = {
            type = "app";
            program = pkgs.lib.getExe packages.default;
            meta.description = "Counts lines";
          };
        }
      );

      # Whom to believe: the workflows of this repository's main branch, on GitHub, that `nix-seed init` writes. `nix-seed cfg show --json > .seed.cfg.json` says the same to
      # machines that have no Nix yet.
      seedCfg = nix-seed.lib.seedCfg {
        source = "github:owner/app";
        # Seeds, and what is signed of results.
        registry = "ghcr.io/owner/app";
        # What Nix has from elsewhere when it makes the seed; results are never from there.
        build.substituters = [ "https://cache.nixos.org" ];
        builders.github = {
          issuer = "https://token.actions.githubusercontent.com";
          subjects = [
            "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main"
            "https://github.com/owner/app/.github/workflows/seed.yaml@refs/heads/main"
          ];
        };
      };
    };
}
