# listFaults :: (Any -> Bool) -> [ Any ] -> [ String ]
#
# Why: of a list that is not what it has to be, the elements that are at fault, each by its place, the first being 1.
#
# Example:
#   listFaults builtins.isString [ "a" 7 ]  => [ "element 2 of 2 is the integer 7" ]
{ describe }:
accepts: list:
let
  count = builtins.length list;
  faultsAt =
    index:
    let
      element = builtins.elemAt list index;
    in
    if accepts element then
      [ ]
    else
      [ "element ${toString (index + 1)} of ${toString count} is ${describe element}" ];
in
builtins.concatMap faultsAt (builtins.genList (index: index) count)
