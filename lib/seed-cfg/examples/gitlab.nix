{
  source = "gitlab:group/app";
  registry = "registry.gitlab.com/group/app";
  builders.gitlab = {
    issuer = "https://gitlab.com";
    subjects = [ "https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main" ];
  };
}
