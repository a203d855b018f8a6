# renderJson :: Any -> String
#
# Why: a document that is committed is read by people and compared line by line. The text is a function of the value: two blanks for each depth, names
# in their order, a line break at the end.
#
# Example:
#   renderJson { a = [ 1 2 ]; b = { }; }  => "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n"
{ }:
let
  block =
    indent: open: close: lines:
    if lines == [ ] then
      open + close
    else
      "${open}\n${builtins.concatStringsSep ",\n" (map (line: "${indent}  ${line}") lines)}\n${indent}${close}";

  render =
    indent: value:
    let
      deeper = render "${indent}  ";
    in
    if builtins.isAttrs value then
      block indent "{" "}" (map (name: "${builtins.toJSON name}: ${deeper value.${name}}") (builtins.attrNames value))
    else if builtins.isList value then
      block indent "[" "]" (map deeper value)
    else
      builtins.toJSON value;
in
value: render "" value + "\n"
