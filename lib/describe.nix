# describe :: Any -> String
#
# Why: an error has to say what it got. Only the outermost shape is looked at, so describing a value never forces more of it
# than checking it did.
#
# Example:
#   describe 200            => "the integer 200"
#   describe [ 1 2 ]        => "a list"
#   describe pkgs.hello     => "the derivation `hello-2.12`"
{ }:
value:
let
  type = builtins.typeOf value;
  quoted = builtins.toJSON (builtins.unsafeDiscardStringContext value);
  isDerivation = value.type or null == "derivation";
in
if type == "string" then
  if builtins.stringLength value > 60 then
    "a string of ${toString (builtins.stringLength value)} bytes"
  else
    "the string ${quoted}"
else if type == "int" then
  "the integer ${toString value}"
else if type == "bool" then
  "the boolean ${if value then "true" else "false"}"
else if type == "path" then
  "the path ${toString value}"
else if type == "set" && isDerivation then
  "the derivation `${value.name or "unnamed"}`"
else if type == "set" && value._type or null == "flake" then
  "a flake"
else
  {
    null = "null";
    set = "a set";
    list = "a list";
    lambda = "a function";
    float = "a floating-point number";
  }
  .${type}
