# licenseRestrictions :: [ { derivation :: Derivation, … } ] -> [ { path :: String, reason :: String } ]
#
# Why: some licenses forbid to redistribute, and a seed on a registry is just that. Derivations say in `meta.license` what their
# license is. The argument is what derivationsBelow gives: a package brings others along. What is not in the seed after all is
# left out later.
#
# Example:
#   licenseRestrictions (derivationsBelow [ pkgs.cudatoolkit ])
#   => [ { path = "/nix/store/…-cudatoolkit"; reason = "cudatoolkit-12: CUDA EULA"; } ]
{ orElse, shorten }:
let
  plain = builtins.unsafeDiscardStringContext;

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
builtins.concatMap restrictions
