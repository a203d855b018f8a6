{
  flake.seedCfg = {
    source = "github:owner/app";
    builders.github = {
      issuer = "https://token.actions.githubusercontent.com";
      subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
    };
  };
}
