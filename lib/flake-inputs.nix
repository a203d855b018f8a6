# flakeInputs :: Flake -> [ String ]
#
# Why: evaluation in the seed is offline too, so the source trees of all inputs, and of theirs, have to be there. The flake's own
# tree is not one of them, nor is an input that lies inside of it.
#
# `follows` can make inputs go round in circles, and one tree can be the source of several inputs that differ in what they
# follow. So an input is known by its tree and the trees of three levels of inputs below it; an input that differs only deeper than
# that is taken for the same.
#
# Example:
#   flakeInputs self  => [ "/nix/store/…-source" "/nix/store/…-source" ]
{ unique }:
self:
let
  treeOf = flake: flake.sourceInfo.outPath or flake.outPath;
  plain = builtins.unsafeDiscardStringContext;

  identity =
    depth: flake:
    let
      inputs = flake.inputs or { };
      below = map (name: "${name}=${identity (depth - 1) inputs.${name}}") (builtins.attrNames inputs);
    in
    if depth == 0 then plain (treeOf flake) else "${plain (treeOf flake)}(${builtins.concatStringsSep "," below})";

  node = flake: {
    key = identity 3 flake;
    inherit flake;
  };
  inputsOf =
    flake:
    builtins.addErrorContext "while nix-seed looked for the inputs of a flake input" (
      map node (builtins.attrValues (flake.inputs or { }))
    );
  nodes = builtins.genericClosure {
    startSet = inputsOf self;
    operator = { flake, ... }: inputsOf flake;
  };

  # The store path, not a folder in it: a relative input's tree is a part of its parent's.
  storePaths =
    tree: map (path: builtins.appendContext path { ${path} = { path = true; }; }) (builtins.attrNames (builtins.getContext tree));
  own = builtins.attrNames (builtins.getContext (treeOf self));
in
builtins.filter (tree: !builtins.elem (plain tree) own) (
  unique (builtins.concatMap ({ flake, ... }: storePaths (treeOf flake)) nodes)
)
