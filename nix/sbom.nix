# sbom :: { step, lib, name, imageName, image, roots :: [ String ], metadata :: [ Package ], time :: Int } -> Derivation
#
# Why: what is in the seed, as others' tools read it: `bom.cdx.json`, CycloneDX, and `bom.spdx.json`, SPDX. The helper knows the store paths from
# the image, what packages say of themselves from this evaluation, and what they were built from from .drv files.
{
  step,
  lib,
  name,
  imageName,
  image,
  roots,
  metadata,
  time,
}:
step {
  name = "${name}-sbom";
  request = {
    step = "sbom";
    image = "${image}";
    name = imageName;
    inherit time;
    # A file, since it may be large, and is read by hand, too.
    metadata = builtins.toFile "${name}-metadata.json" (builtins.toJSON metadata);
    derivations = lib.derivationFiles roots;
  };
}
