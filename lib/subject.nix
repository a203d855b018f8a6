# subject :: { self :: Flake, entries :: [ Entry ], own :: [ String ], nix :: String } -> Subject
#
# Why: all that it takes to evaluate the flake again, with a source that has been edited, and with the very inputs that it has here:
# also where they are not those of the lock file. doc/helper.md has the fields, under `complete`. It is plain text, and builds nothing.
#
# Example:
#   subject { inherit self; entries = [ … ]; own = [ ]; nix = "${pkgs.nix}/bin/nix"; }
#   => { nodes = [ { tree = "/nix/store/…-source"; isOwn = true; inputs.nixpkgs = 1; … } … ]; outputs = [ { path = [ "packages" … ]; … } ]; … }
{
  flakeGraph,
  flakeKey,
  flakeTree,
}:
{
  self,
  entries,
  own,
  nix,
}:
let
  plain = builtins.unsafeDiscardStringContext;
  # A source may be given as a folder of one: it is the same source all the same, and is edited with it.
  treeOf =
    flake:
    let
      tree = plain (flakeTree flake);
      parts = builtins.match "(${builtins.storeDir}/[^/]+)/.*" tree;
    in
    if parts == null then tree else builtins.head parts;
  ownTree = treeOf self;
  # The flake first.
  nodes = [ { flake = self; } ] ++ flakeGraph self;
  positions = builtins.listToAttrs (
    builtins.genList (index: {
      name = (builtins.elemAt nodes (index + 1)).key;
      value = index + 1;
    }) (builtins.length nodes - 1)
  );

  isPlain = value: builtins.isString value || builtins.isInt value || builtins.isBool value;
  infoOf =
    flake:
    let
      # What is no flake may have it at hand.
      info = flake.sourceInfo or (if flake._type or null == "flake" then { } else flake);
      named = builtins.filter (name: name != "outPath" && isPlain info.${name}) (builtins.attrNames info);
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = if builtins.isString info.${name} then plain info.${name} else info.${name};
      }) named
    );

  node =
    { flake, ... }:
    let
      tree = treeOf flake;
      length = builtins.stringLength tree + 1;
    in
    {
      inherit tree;
      folder = builtins.substring length (-1) (plain flake.outPath);
      isOwn = tree == ownTree;
      isFlake = flake._type or null == "flake";
      info = infoOf flake;
      inputs = builtins.mapAttrs (_name: input: positions.${flakeKey input}) (flake.inputs or { });
    };
in
{
  nodes = map node nodes;
  outputs = map (entry: { inherit (entry) path label sort; }) entries;
  inherit own;
  nix = plain nix;
}
