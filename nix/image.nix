# image :: { step, name, imageName, tag, platform, config, root, closure, layers :: [ Derivation ], roots,
#            licenses, privateSources, reasons :: [ { path, chain } ], recording, maxLayers } -> Derivation
#
# Why: puts the groups' layers together with the metadata layer (index, Nix database, and the few files that a container needs
# outside the store) into an OCI image layout.
#
# What the request says in words (roots, PATH, files of the root) is in the groups already: as plain text it does not make this
# derivation depend on the closure a second time.
{
  step,
  name,
  imageName,
  tag,
  platform,
  config,
  root,
  closure,
  layers,
  roots,
  licenses,
  privateSources,
  reasons,
  recording,
  maxLayers,
}:
let
  plain =
    value:
    {
      string = builtins.unsafeDiscardStringContext value;
      list = map plain value;
      set = builtins.mapAttrs (_name: plain) value;
    }
    .${builtins.typeOf value} or value;
in
step {
  inherit name;
  request = {
    step = "image";
    name = imageName;
    inherit tag;
    inherit (platform) os architecture;
    config = plain config;
    root = plain root;
    groups = map (layer: "${layer}") layers;
    closure = "${closure}";
    gcRoots = plain roots;
    inherit licenses privateSources recording maxLayers;
    reasons = plain reasons;
  };
}
