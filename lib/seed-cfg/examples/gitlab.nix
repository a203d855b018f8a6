{
  source = "gitlab:group/app";
  registry = "registry.gitlab.com/group/app";
  # What Nix has from elsewhere when it makes the seed; results are never from there.
  build.substituters = [ "https://cache.nixos.org" ];
  builders.gitlab = {
    issuer = "https://gitlab.com";
    subjects = [ "https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main" ];
  };
}
