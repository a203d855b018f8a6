{
  level = 2;
  source = "github:owner/app";
  builders = {
    github = {
      issuer = "https://token.actions.githubusercontent.com";
      subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
      parent = "microsoft";
      jurisdictions = [ "US" ];
      infrastructure = "azure";
    };
    ours = {
      keys = [ ./keys/ci.pub ];
      parent = "example";
      jurisdictions = [ "DE" ];
      infrastructure = "example-berlin";
    };
    theirs = {
      keys = [ ./keys/hsm.pub ];
      parent = "partner";
      jurisdictions = [ "JP" ];
      infrastructure = "partner-osaka";
    };
  };
  quorum = {
    n = 2;
    m = 3;
  };
}
