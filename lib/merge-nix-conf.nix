# mergeNixConf :: Settings -> Settings -> Settings          Settings = { <setting> = Atom | [ Atom ]; }
#
# Why: the user's settings replace ours, save one: without `nix-command` and `flakes` nothing in a seed works, so
# experimental-features are added to them.
#
# Example:
#   mergeNixConf { cores = 0; experimental-features = [ "flakes" ]; } { cores = 2; experimental-features = "ca-derivations"; }
#   => { cores = 2; experimental-features = [ "flakes" "ca-derivations" ]; }
{ unique }:
defaults: changes:
let
  key = "experimental-features";
  words =
    value: builtins.filter (word: builtins.isString word && word != "") (builtins.split "[ \t\n]+" value);
  features = value: if builtins.isList value then value else words value;
in
defaults
// changes
// (
  if changes ? ${key} then
    { ${key} = unique (features (defaults.${key} or [ ]) ++ features changes.${key}); }
  else
    { }
)
