{
  perSystem =
    { pkgs, self', ... }:
    {
      packages.greet = pkgs.greet;
      packages.default = self'.packages.greet;

      # Not for `nix flake check` or the seed to walk through: anything may be in here.
      legacyPackages = {
        variants.shouting = pkgs.greet.overrideAttrs { env.NIX_CFLAGS_COMPILE = "-DSHOUTING"; };
        broken = throw "nobody asks for this";
      };
    };
}
