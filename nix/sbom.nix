# sbom :: { step, lib, name, imageName, image, roots :: [ String ], metadata :: [ Package ], self :: Flake } -> Derivation
#
# Why: what is in the seed, as others' tools read it: `bom.cdx.json`, CycloneDX, and `bom.spdx.json`, SPDX. The helper knows the store paths from
# the image, what packages say of themselves from this evaluation, and what they were built from from .drv files.
#
# The time is that of the commit, as Nix has it of the flake, so that everybody who builds it writes the same. Where Nix has none, it is the
# first second of 1970, as in the image.
{
  step,
  lib,
  name,
  imageName,
  image,
  roots,
  metadata,
  self,
}:
let
  given = self.lastModified or self.sourceInfo.lastModified or null;
in
step {
  name = "${name}-sbom";
  request = {
    step = "sbom";
    image = "${image}";
    name = imageName;
    time = if builtins.isInt given && given > 0 then given else 1;
    # A file, since it may be large, and is read by hand, too.
    metadata = builtins.toFile "${name}-metadata.json" (builtins.toJSON metadata);
    derivations = lib.derivationFiles roots;
  };
}
