# lowerCase :: String -> String
#
# Why: Nix has no such function. ASCII letters only: what names hosts, images and headings has no others.
#
# Example:
#   lowerCase "GitHub.com"  => "github.com"
{ }:
builtins.replaceStrings
  [ "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ]
  [ "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ]
