{
  source = "github:owner/app";
  registry = "ghcr.io/owner/app";
  builders.github = {
    issuer = "https://token.actions.githubusercontent.com";
    subjects = [
      "https://github.com/owner/app/.github/workflows/seed.yaml@refs/heads/main"
      "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main"
    ];
  };
}
