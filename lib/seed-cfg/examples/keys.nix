{
  source = "https://git.example.org/team/app";
  registry = "registry.example.org/team/app";
  # The second is the first's successor: both count until the first is taken out.
  builders.ci.keys = [
    ./keys/ci.pub
    ./keys/next.pub
  ];
  freshness.maxAge = 90 * 24 * 60 * 60;
}
