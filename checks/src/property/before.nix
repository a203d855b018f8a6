# before :: { nix-seed, nixpkgs, helper, closure, cases } -> [ { roots :: [ Root ], results :: [ String ] } ]
#     Root = { path :: String, derivation :: String | Null, outputs :: [ String ] }
#
# Why: the seeds of a batch of flakes, as far as what is in them.
{
  nix-seed,
  nixpkgs,
  helper,
  closure,
  cases,
}:
let
  flake = import ./nixpkgs.nix nixpkgs;
  packages = flake.legacyPackages.x86_64-linux;
  # What every seed has for its container is the same in all of them: the less there is, the sooner it is there.
  pkgs = packages // {
    nix = packages.bash;
    gitMinimal = packages.bash;
    cacert = packages.bash;
  };
  mkSeed = import (nix-seed + "/nix/mk-seed.nix") { lib = import (nix-seed + "/lib"); };

  plain = builtins.unsafeDiscardStringContext;
  root =
    path:
    let
      context = builtins.getContext path;
      named = builtins.head (builtins.attrNames context);
    in
    {
      path = plain path;
      derivation = if context.${named} ? outputs then named else null;
      outputs = context.${named}.outputs or [ ];
    };

  seedOf =
    case:
    let
      seed = mkSeed (
        {
          self = import ./call.nix (case // { nixpkgs = flake; });
          inherit pkgs closure;
          tools = [ ];
        }
        // (
          if helper == null then
            { }
          else
            {
              helper = {
                type = "derivation";
                name = "helper";
                outPath = builtins.storePath helper;
              };
            }
        )
      );
    in
    {
      # With their contexts, which `partition` does not show.
      roots = map root seed.closure.exportReferencesGraph.closure;
      partition = builtins.concatMap (group: group.roots) seed.partition;
      results = builtins.concatMap (group: if group.name == "results" then group.roots else [ ]) seed.partition;
    };
in
map seedOf cases
