# layers :: { lib, step, name, groups :: [ { name, roots, allowance } ] } -> { names :: [ String ], layers :: { <group> = Derivation; } }
#
# Why: a group's layers are a derivation of their own, so that a change in one group writes only that group and those after it
# again. A group holds the closure of its roots, less the closures of all groups before.
{
  lib,
  step,
  name,
  groups,
}:
let
  count = builtins.length groups;
  rootsBefore = index: builtins.concatMap (group: group.roots) (builtins.genList (builtins.elemAt groups) index);
  layer =
    index:
    let
      group = builtins.elemAt groups index;
    in
    {
      inherit (group) name;
      value = step {
        name = "${name}-layers-${lib.storeName group.name}";
        request = {
          step = "layers";
          group = group.name;
          maxLayers = group.allowance;
        };
        graphs = {
          closure = group.roots;
          earlier = rootsBefore index;
        };
      };
    };
in
{
  names = map (group: group.name) groups;
  layers = builtins.listToAttrs (builtins.genList layer count);
}
