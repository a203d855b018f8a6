# licenseRestrictions :: Any -> [ { path :: String, reason :: String } ]
#
# Why: some licenses forbid to redistribute, and a seed on a registry is just that. Derivations say in `meta.license` what their
# license is; those below the given values are asked too, since a package brings others along. What is not in the seed after all is
# left out later. A package that is only named within a string cannot be asked: a string knows a derivation's path, not its `meta`.
#
# Example:
#   licenseRestrictions [ pkgs.cudatoolkit ]
#   => [ { path = "/nix/store/…-cudatoolkit"; reason = "cudatoolkit-12: CUDA EULA"; } ]
{ drvAttrs, shorten }:
value:
let
  plain = builtins.unsafeDiscardStringContext;

  # As Nix looks into what a derivation is made of: sets only with structured attributes, and none that stands for a string.
  derivations =
    looksIntoSets: value:
    if builtins.isList value then
      builtins.concatMap (derivations looksIntoSets) value
    else if !builtins.isAttrs value then
      [ ]
    else if value.type or null == "derivation" then
      [ value ]
    else if looksIntoSets && !(value ? outPath || value ? __toString) then
      builtins.concatMap (name: derivations true value.${name}) (builtins.attrNames value)
    else
      [ ];

  below =
    derivation:
    let
      attributes = drvAttrs derivation;
    in
    if attributes == null then
      [ ]
    else
      builtins.concatMap (name: derivations (attributes.__structuredAttrs or false) attributes.${name}) (
        builtins.attrNames attributes
      );

  node = derivation: {
    key = plain derivation.drvPath;
    inherit derivation;
  };
  all = builtins.genericClosure {
    startSet = map node (derivations false value);
    operator = { derivation, ... }: map node (below derivation);
  };

  # What throws says nothing: tryEval catches it in the outermost value alone, so each is asked by itself.
  orElse =
    default: value:
    let
      caught = builtins.tryEval value;
    in
    if caught.success then caught.value else default;

  # nixpkgs' `redistributable` is what its `free` is, where a license says nothing else.
  forbids =
    license:
    orElse false (
      if builtins.isAttrs license then (license.redistributable or license.free or true) == false else license == "unfree"
    );
  nameOf =
    license:
    let
      name = orElse null (
        if builtins.isAttrs license then license.fullName or license.shortName or license.spdxId or null else license
      );
    in
    if builtins.isString name then name else "unnamed";

  restrictions =
    { derivation, ... }:
    let
      given = orElse [ ] (derivation.meta.license or [ ]);
      forbidding = builtins.filter forbids (if builtins.isList given then given else [ given ]);
      paths = map (output: derivation.${output}.outPath or derivation.outPath) (derivation.outputs or [ "out" ]);
    in
    if forbidding == [ ] then
      [ ]
    else
      map (path: {
        path = plain path;
        reason = shorten "${derivation.name}: ${builtins.concatStringsSep ", " (map nameOf forbidding)}";
      }) paths;
in
builtins.concatMap restrictions all
