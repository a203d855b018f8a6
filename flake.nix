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
    in
    {
      lib = {
        inherit mkSeed;
        # Whom to trust: doc/seed-cfg.md.
        seedCfg = import ./nix/seed-cfg.nix { lib = functions; };
        seedCfgSchema = functions.seedCfgJsonSchema;
        seedCfgOptions = lib: functions.moduleOptions lib functions.seedCfgType;
        helperSource = import ./nix/helper-source.nix;
      };

      packages = forEachSystem (
        system: pkgs:
        let
          helper = import ./nix/helper.nix pkgs;
        in
        {
          inherit helper;
          nix-seed = import ./nix/client.nix pkgs;
          default = helper;
        }
        # A seed is an image for Linux.
        // (
          if builtins.match ".*-linux" system != null then
            {
              seed = mkSeed {
                inherit self;
                pkgs = nixpkgs.legacyPackages.${system};
              };
            }
          else
            { }
        )
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
