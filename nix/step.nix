# step :: { helper, system } -> { name, request, graphs? } -> Derivation
#
# Why: each step of a seed is one run of the helper, as the builder itself: no shell and no standard environment that would have
# to be there first. The request reaches it as JSON, and with it the closure of every list in `graphs`.
#
# The results hold store paths in compressed or textual form. They are not references: a seed must not keep on the disk what
# it was made from, so Nix is told not to look for them. Fetching such a result costs more than making it.
#
# `isNixSeed` is how a walk over the flake's outputs knows it, before anything is evaluated.
{ helper, system }:
{
  name,
  request,
  graphs ? { },
}:
derivation {
  inherit name system;
  builder = "${helper}/bin/nix-seed-helper";
  args = [ "derivation" ];
  __structuredAttrs = true;
  unsafeDiscardReferences.out = true;
  exportReferencesGraph = graphs;
  seed = request;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
// {
  isNixSeed = true;
}
