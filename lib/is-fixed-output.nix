# isFixedOutput :: Entry -> Bool
#
# Why: a fixed-output derivation, such as a download, is known by its result, and cannot be made offline.
#
# Example:
#   isFixedOutput { sort = "derivation"; value = pkgs.hello.src; … }  => true
{ drvAttrs }:
{ sort, value, ... }:
sort == "derivation" && (drvAttrs value).outputHash or null != null
