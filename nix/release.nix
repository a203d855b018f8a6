# release :: { step, lib, name, self, system, entries, image, sbom, metadata, time } -> Null | String
#            -> { origin, results, statement :: Derivation }
#
# Why: the statement that all honest builders of a seed sign. It is written in a derivation, so that `nix build --rebuild` proves that nothing but the
# flake and its inputs is in it. `origin` is what of it is known before anything is built; statements on results say the same. The last argument is
# the repository that the flake is of, as whoever builds it knows; null where only the flake itself says so.
{
  step,
  lib,
  name,
  self,
  system,
  entries,
  image,
  sbom,
  metadata,
  time,
}:
told:
let
  orThrow = import ./or-throw.nix;
  inherit
    (orThrow (
      lib.releaseSource { inherit self told; }
    ))
    source
    ;
  origin = {
    inherit source system;
    inputs = lib.namedInputs self;
  };
in
{
  inherit origin;
  # What statements on results say that was built from the flake, in this seed.
  results = {
    inherit origin metadata time;
    outputs = lib.releaseOutputs entries;
    targets = lib.buildTargets entries;
  };
  statement = step {
    name = "${name}-release.json";
    request = origin // {
      step = "release";
      image = "${image}";
      sbom = "${sbom}";
      outputs = lib.releaseOutputs entries;
    };
  };
}
