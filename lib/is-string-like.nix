# isStringLike :: Any -> Bool
#
# Why: what Nix makes a string of, wherever one is wanted: strings, paths, derivations and other sets that say how. Anything else is an
# error that cannot be caught, so this has to be asked before.
#
# Example:
#   isStringLike pkgs.hello  => true
#   isStringLike 7           => false
{ }:
let
  isStringLike =
    value:
    builtins.isString value
    || builtins.isPath value
    || builtins.isAttrs value
    && (
      if value ? __toString then
        builtins.isFunction value.__toString && isStringLike (value.__toString value)
      else
        value ? outPath && isStringLike value.outPath
    );
in
isStringLike
