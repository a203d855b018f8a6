{
  description = "One OCI image with all that a flake needs to be built offline";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      # nixpkgs is not evaluated before one of a system's outputs is, so that `lib` can be had without it, and `nix flake show` stays
      # cheap.
      forEachSystem =
        function:
        builtins.listToAttrs (
          map
            (system: {
              name = system;
              value = function system (import ./nix/pkgs.nix nixpkgs.legacyPackages.${system});
            })
            [
              "x86_64-linux"
              "aarch64-linux"
              "x86_64-darwin"
              "aarch64-darwin"
            ]
        );

      functions = import ./lib;
      mkSeed = import ./nix/mk-seed.nix { lib = functions; };
      seedCfg = import ./nix/seed-cfg.nix { lib = functions; };
    in
    {
      lib = {
        inherit mkSeed;
        mkSeedOptions = lib: functions.moduleOptions lib functions.seedOptions;
        # Whom to trust: doc/seed-cfg.md.
        inherit seedCfg;
        seedCfgSchema = functions.seedCfgJsonSchema;
        seedCfgOptions = lib: functions.moduleOptions lib functions.seedCfgType;
        helperSource = import ./nix/helper-source.nix;
      };

      # For flake-parts: doc/flake-parts.md.
      flakeModules.default = import ./nix/flake-module.nix {
        lib = functions;
        inherit mkSeed seedCfg;
      };

      templates = import ./nix/templates.nix;

      overlays.default = final: prev: import ./nix/programs.nix (import ./nix/pkgs.nix final);

      packages = forEachSystem (
        system: pkgs:
        let
          programs = import ./nix/programs.nix pkgs;
          legacyPackages = nixpkgs.legacyPackages.${system};
        in
        {
          inherit (programs) nix-seed;
          default = programs.nix-seed;
          helper = programs.nix-seed-helper;
          seed = mkSeed {
            inherit self;
            pkgs = legacyPackages;
          };
          # What a release hands out, and the actions fetch: it needs nothing of a machine.
          static = (import ./nix/programs.nix (import ./nix/pkgs.nix (legacyPackages.pkgsStatic or legacyPackages))).nix-seed;
          # Nix and its tools, for a machine that has none: what the actions begin with where there is no seed yet.
          bootstrap = mkSeed {
            inherit self;
            pkgs = legacyPackages;
            name = "nix";
            filter = _path: _output: false;
          };
        }
      );

      # Where somebody who is lost begins: `nix run github:0compute/nix-seed -- --help`.
      apps = forEachSystem (
        system: _pkgs: {
          default = {
            type = "app";
            program = "${self.packages.${system}.nix-seed}/bin/nix-seed";
            meta.description = "Publishes Nix seeds and starts from them";
          };
        }
      );

      checks = forEachSystem (
        system: pkgs:
        import ./nix/checks.nix {
          inherit system pkgs nixpkgs;
          nix-seed = self;
        }
      );
    };
}
