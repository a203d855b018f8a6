# listFiles :: String -> [ String ]
#
# Why: the regular files below a folder of the store, as paths relative to it, sorted. Symlinks are not followed: what they
# point to is a file of its own, or not part of the folder.
#
# Example:
#   listFiles "/nix/store/…-source"  => [ "flake.nix" "src/main.c" ]
{ }:
root:
let
  walk =
    prefix:
    let
      children = builtins.readDir (if prefix == "" then root else "${root}/${prefix}");
      below = if prefix == "" then "" else "${prefix}/";
      visit =
        name:
        if children.${name} == "directory" then
          walk "${below}${name}"
        else if children.${name} == "regular" then
          [ "${below}${name}" ]
        else
          [ ];
    in
    builtins.concatMap visit (builtins.attrNames children);
in
walk ""
