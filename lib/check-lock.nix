# checkLock :: Null | String -> { ok = true; } | { ok = false; message :: String; }
#
# Why: Nix uses a locked input without fetching it when a store path with the locked narHash is there. An input without a
# narHash would be fetched, and so fail in the seed. Inputs inside the flake (`path:./…`) have no tree of their own, and need none.
# The argument is the text of flake.lock, null if there is none.
#
# Example:
#   checkLock (builtins.readFile ./flake.lock)  => { ok = true; }
{ collectProblems }:
text:
let
  nodes = (builtins.fromJSON text).nodes or { };
  isRelative = locked: locked.type or null == "path" && builtins.match "/.*" (locked.path or "/") == null;
  check =
    name:
    let
      locked = nodes.${name}.locked or { narHash = "none: the root node, which is the flake itself"; };
    in
    if locked ? narHash || isRelative locked then
      { ok = true; }
    else
      {
        ok = false;
        message = ''
          nix-seed: flake.lock has no narHash for the input `${name}`, so that Nix would have to fetch it in the seed, offline.
          Lock it again with Nix 2.18 or newer: nix flake update ${name}'';
      };
in
if text == null then { ok = true; } else collectProblems (map check (builtins.attrNames nodes))
