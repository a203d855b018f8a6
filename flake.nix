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

      mkSeed = import ./nix/mk-seed.nix { lib = import ./lib; };
    in
    {
      lib = {
        inherit mkSeed;
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
