# mergeSurplus :: { limit :: Int, name :: String } -> [ Group ] -> [ Group ]
#
# Why: there cannot be more groups than layers. The last ones are the most changeable, so they become one, called `name`.
#
# Example:
#   mergeSurplus { limit = 2; name = "rest"; } [ a b c ]  => [ a { name = "rest"; roots = b.roots ++ c.roots; } ]
{ unique }:
{ limit, name }:
groups:
let
  count = builtins.length groups;
  at = builtins.elemAt groups;
  kept = builtins.genList at (limit - 1);
  surplus = builtins.genList (index: at (limit - 1 + index)) (count - limit + 1);
in
if count <= limit then
  groups
else
  kept
  ++ [
    {
      inherit name;
      roots = unique (builtins.concatMap (group: group.roots) surplus);
    }
  ]
