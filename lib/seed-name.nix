# seedName :: { self, system } -> String
#
# Why: the image is called after the flake's default package, with characters that an image name cannot hold replaced. Only
# that package's name is evaluated, so that `nix flake show` stays cheap. A default package that is itself a seed is not asked.
#
# Example:
#   seedName { inherit self; system = "x86_64-linux"; }  => "hello-seed"
{ }:
{ self, system }:
let
  package = self.packages.${system}.default or { };
  name = if package.isNixSeed or false then "flake" else package.pname or package.name or "flake";
  upper = [ "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ];
  lower = [ "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ];
  words = builtins.filter (part: builtins.isString part && part != "") (
    builtins.split "[^a-z0-9]+" (builtins.replaceStrings upper lower (builtins.unsafeDiscardStringContext name))
  );
in
# An image's name has at most 255 bytes.
builtins.concatStringsSep "-" (
  (if words == [ ] then [ ] else [ (builtins.substring 0 200 (builtins.concatStringsSep "-" words)) ]) ++ [ "seed" ]
)
