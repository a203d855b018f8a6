# flakeInputs :: Flake -> [ String ]
#
# Why: evaluation in the seed is offline too, so the source trees of all inputs, and of theirs, have to be there. The flake's own
# tree is not one of them, nor is an input that lies inside of it.
#
# Example:
#   flakeInputs self  => [ "/nix/store/…-source" "/nix/store/…-source" ]
{
  flakeGraph,
  flakeTree,
  unique,
}:
self:
let
  plain = builtins.unsafeDiscardStringContext;

  # The store path, not a folder in it: a relative input's tree is a part of its parent's.
  storePaths =
    tree: map (path: builtins.appendContext path { ${path} = { path = true; }; }) (builtins.attrNames (builtins.getContext tree));
  own = builtins.attrNames (builtins.getContext (flakeTree self));
in
builtins.filter (tree: !builtins.elem (plain tree) own) (
  unique (builtins.concatMap ({ flake, ... }: storePaths (flakeTree flake)) (flakeGraph self))
)
