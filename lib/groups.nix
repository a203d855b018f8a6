# groups :: { nix, shell, inputs, contents, results, standardEnvironments :: [ String ], direct :: [ { entry, inputs } ] }
#           -> { fixed, outputs, results :: [ Group ] }          Group = { name :: String, roots :: [ String ] }
#
# Why: what changes together belongs together, and what seldom changes comes first: a group is written again only when it or one
# before it changes. The order is
#   nix         Nix and what a container with it needs
#   toolchain   what more than one output is built with, the standard environments, and the shell of `nix develop`
#   inputs      the source trees of the flake's inputs
#   contents    what the user put in
#   <output>    what one output alone is built with
#   results     what the flake's own derivations that are no outputs have made: it changes with the flake's sources
# Groups without roots are left out.
#
# Example:
#   groups { nix = [ "/nix/store/…-nix" ]; shell = [ ]; inputs = [ ]; contents = [ ]; results = [ ]; direct = [ … ]; … }
#   => { fixed = [ { name = "nix"; roots = [ … ]; } { name = "toolchain"; … } ]; outputs = [ { name = "packages-default"; … } ]; results = [ ]; }
{ groupName, unique }:
{
  nix,
  shell,
  inputs,
  contents,
  results,
  standardEnvironments,
  direct,
}:
let
  plain = builtins.unsafeDiscardStringContext;
  rootsOf = { inputs, ... }: unique (map (input: input.root) inputs);
  uses = builtins.groupBy plain (builtins.concatMap rootsOf direct);
  isShared = root: builtins.length uses.${plain root} > 1 || builtins.elem (plain root) (map plain standardEnvironments);

  ofOutput =
    { entry, ... }@output:
    {
      name = groupName entry.path;
      roots = builtins.filter (root: !isShared root) (rootsOf output);
    };
  shared = builtins.filter isShared (unique (builtins.concatMap rootsOf direct));
  withRoots = builtins.filter (group: group.roots != [ ]);
in
{
  fixed = withRoots [
    {
      name = "nix";
      roots = unique nix;
    }
    {
      name = "toolchain";
      roots = unique (shared ++ shell);
    }
    {
      name = "inputs";
      roots = unique inputs;
    }
    {
      name = "contents";
      roots = unique contents;
    }
  ];
  outputs = withRoots (map ofOutput direct);
  results = withRoots [
    {
      name = "results";
      roots = unique results;
    }
  ];
}
