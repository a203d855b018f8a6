# orElse :: Any -> Any -> Any
#
# Why: what a package says of itself may throw. tryEval catches that in the outermost value alone, so each value is asked by itself. What
# cannot be caught at all (`abort`, a wrong type, endless recursion) stays an error.
#
# Example:
#   orElse null (throw "not free")  => null
{ }:
default: value:
let
  caught = builtins.tryEval value;
in
if caught.success then caught.value else default
