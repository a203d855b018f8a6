# namedInputs :: Flake -> [ { name :: String, narHash :: String, rev? :: String } ]
#
# Why: a release statement says what a flake was evaluated with: the trees of its inputs and theirs, whether or not they are those of the lock
# file. Each tree has the shortest name that leads to it, and of these the first. The flake's own tree is not one of them.
#
# Example:
#   namedInputs self
#   => [ { name = "nixpkgs"; narHash = "sha256-…"; rev = "4f1c…"; } { name = "nixpkgs/systems"; narHash = "sha256-…"; } ]
{ flakeTree }:
self:
let
  plain = builtins.unsafeDiscardStringContext;
  own = plain (flakeTree self);

  below =
    prefix: flake:
    let
      inputs = flake.inputs or { };
    in
    map (name: {
      key = plain (flakeTree inputs.${name});
      name = "${prefix}${name}";
      flake = inputs.${name};
    }) (builtins.attrNames inputs);

  # A closure is found in breadth, so the first visit of a tree is over the shortest way.
  found = builtins.genericClosure {
    startSet = below "" self;
    operator = { name, flake, ... }: below "${name}/" flake;
  };

  describe =
    { name, flake, ... }:
    let
      info = flake.sourceInfo or flake;
      narHash = info.narHash or flake.narHash or null;
      rev = info.rev or flake.rev or null;
    in
    {
      inherit name narHash;
    }
    // (if rev == null then { } else { inherit rev; });
in
builtins.sort (a: b: a.name < b.name) (map describe (builtins.filter (node: node.key != own) found))
