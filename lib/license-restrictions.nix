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

  # What `lib.licenses` puts together: of several that all apply one is enough; where one may be chosen, all have to forbid. nixpkgs'
  # `redistributable` is what its `free` is, where a license says nothing else.
  forbids = forbidsTo 6;
  forbidsTo =
    depth: license:
    let
      operator = orElse null (license.operator or null);
      below = forbidsTo (depth - 1);
      listed = orElse [ ] (license.licenses or [ ]);
      licenses = if builtins.isList listed then listed else [ ];
    in
    orElse false (
      if !builtins.isAttrs license then
        license == "unfree"
      else if depth == 0 then
        false
      else if operator == "AND" then
        builtins.any below licenses
      else if operator == "OR" then
        licenses != [ ] && builtins.all below licenses
      else if operator == "WITH" || operator == "+" then
        below (license.license or null)
      else
        (license.redistributable or license.free or true) == false
    );
  nameOf =
    license:
    let
      name = orElse null (
        if builtins.isAttrs license then license.fullName or license.shortName or license.spdxId or null else license
      );
      parts = orElse [ ] (license.licenses or [ license.license ]);
    in
    if builtins.isString name then
      name
    else if orElse null (license.operator or null) != null && builtins.isList parts then
      builtins.concatStringsSep ", " (map nameOf (builtins.filter forbids parts))
    else
      "unnamed";

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
