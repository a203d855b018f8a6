# plainText :: Any -> String | Null
#
# Why: JSON holds no text that is not UTF-8, and Nix's error for that cannot be caught. Nor can a text be asked whether it is. So bytes that
# are not ASCII are written as `%` and two digits, and `%` as `%25`; whoever reads the text makes bytes of them again. What is no string,
# or throws, is null. So is what is longer than 1000 bytes: it is no name and no address, and the regex engine recurses over it.
#
# Example:
#   plainText "café"  => "caf%C3%A9"
#   plainText 7       => null
{ orElse }:
let
  # Each byte from 128 to 255, once. Nix has no other way to write one that is no character.
  bytes = builtins.readFile ./bytes.bin;
  digits = "0123456789ABCDEF";
  digit = number: builtins.substring number 1 digits;
  positions = builtins.genList (position: position) 128;
  byteAt = position: builtins.substring position 1 bytes;
  codeAt = position: "%${digit (8 + position / 16)}${digit (position - position / 16 * 16)}";
  encode = builtins.replaceStrings ([ "%" ] ++ map byteAt positions) ([ "%25" ] ++ map codeAt positions);
in
value:
let
  text = orElse null value;
  plain = builtins.unsafeDiscardStringContext text;
in
if !builtins.isString text || builtins.stringLength text > 1000 then
  null
# Most are ASCII, and these are looked through 129 times faster.
else if builtins.match "[ -~]*" plain != null then
  builtins.replaceStrings [ "%" ] [ "%25" ] plain
else
  encode plain
