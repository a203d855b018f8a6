# classify :: Any -> "derivation" | "app" | "skip" | "throws"
#
# Why: a flake may hold anything under its outputs. Only derivations and apps can be built; the rest is skipped. A value that
# throws before it says what it is cannot be skipped silently: it may have been meant for the seed.
# A seed (and whatever belongs to one) is skipped under any name, since looking into it would be looking for itself.
#
# Example:
#   classify pkgs.hello                                     => "derivation"
#   classify { type = "app"; program = "${pkgs.hello}/…"; } => "app"
#   classify { type = "app"; }                              => "skip"
#   classify (throw "not on this system")                   => "throws"
{ }:
value:
let
  result = builtins.tryEval (
    if !builtins.isAttrs value || value.isNixSeed or false then
      "skip"
    else if value.type or null == "derivation" then
      "derivation"
    else if value.type or null == "app" && value ? program then
      "app"
    else
      "skip"
  );
in
if result.success then result.value else "throws"
