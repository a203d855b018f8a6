# templates :: { <name> = { path, description, welcomeText }; }
#
# Why: what `nix flake init -t github:0compute/nix-seed` copies into an empty folder. Examples are templates, so that a test builds what a newcomer
# gets; the one for flake-parts lies apart, since its tests need nixpkgs' module system.
let
  begin = ''
    1. Put your own outputs in the place of what is there. `git add` new files: of a git checkout, Nix sees only what git knows.
    2. `nix build .#seed` makes the seed, an OCI image, and flake.lock. Commit flake.nix and flake.lock.
  '';
  help = "`nix run github:0compute/nix-seed -- --help` lists what can be done with a seed; https://github.com/0compute/nix-seed explains it.\n";
in
{
  default = {
    path = ../examples/hello;
    description = "A package and its seed: one OCI image with all that is needed to build the flake offline";
    welcomeText = ''
      # A flake and its seed

      ${begin}3. `nix run github:0compute/nix-seed -- push ./result ghcr.io/OWNER/NAME:main` sends it to a registry, with the credentials of podman or docker.
      4. `nix run github:0compute/nix-seed -- check ./result` tells for which files your workflow has to make a new one.

      ${help}'';
  };
  attested = {
    path = ../examples/attested;
    description = "A program whose seed and builds are signed, and verified before use";
    welcomeText = ''
      # A flake, its seed, and whom to trust

      ${begin}3. Say in `seedCfg` whose builds you believe: your repository, and the workflow that builds it. `nix run github:0compute/nix-seed -- cfg check` tells what is wrong or unwise.
      4. `nix-seed attest` signs a seed in that workflow, `nix-seed build` builds in it, and `nix-seed verify` tells anybody whether a result is what was built.

      ${help}'';
  };
  flake-parts = {
    path = ../templates/flake-parts;
    description = "A package and its seed, with flake-parts";
    welcomeText = ''
      # A flake and its seed, with flake-parts

      ${begin}3. `perSystem.seed` has the seed's options, `flake.seedCfg` says whom to trust: https://github.com/0compute/nix-seed/blob/main/doc/flake-parts.md

      ${help}'';
  };
}
