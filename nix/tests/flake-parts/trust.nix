{
  flake.seedCfg = {
    source = "github:owner/app";
    # What Nix has from elsewhere when it makes the seed; results are never from there.
    build.substituters = [ "https://cache.nixos.org" ];
    builders.github = {
      issuer = "https://token.actions.githubusercontent.com";
      subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
    };
  };
}
