# derivationsBelow :: Any -> [ { key :: String, derivation :: Derivation } ]
#
# Why: what a package is can be asked only where it is there as a derivation, and it brings others along, in its attributes. This walks from
# the given values to all of them, each once. A package that is only named within a string is not found: a string knows a derivation's path,
# not its `meta`.
#
# Example:
#   derivationsBelow [ pkgs.hello ]
#   => [ { key = "/nix/store/…-hello.drv"; derivation = «pkgs.hello»; } { key = "/nix/store/…-stdenv.drv"; … } … ]
{ drvAttrs }:
value:
let
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
    key = builtins.unsafeDiscardStringContext derivation.drvPath;
    inherit derivation;
  };
in
builtins.genericClosure {
  startSet = map node (derivations false value);
  operator = { derivation, ... }: map node (below derivation);
}
