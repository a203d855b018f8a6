# renderNix :: Any -> String
#
# Why: an example is shown as one writes it: in messages, on the reference page, among module options. What is too long for a line is broken. A path is shown as the
# relative one that it is in a flake: { literal = "./ci.pub"; } stands for the text itself.
#
# Example:
#   renderNix { keys = [ { literal = "./ci.pub"; } ]; level = 2; }  => "{ keys = [ ./ci.pub ]; level = 2; }"
{ attributePath }:
let
  width = 80;
  escape =
    builtins.replaceStrings
      [ "\\" "\"" "\n" "\${" ]
      [ "\\\\" "\\\"" "\\n" "\\\${" ];
  isLiteral = value: builtins.attrNames value == [ "literal" ];

  block =
    indent: open: close: parts:
    let
      line = builtins.concatStringsSep " " ([ open ] ++ parts ++ [ close ]);
      isShort = builtins.stringLength line <= width && builtins.replaceStrings [ "\n" ] [ "" ] line == line;
      lines = map (part: "${indent}  ${part}\n") parts;
    in
    if isShort then line else "${open}\n${builtins.concatStringsSep "" lines}${indent}${close}";

  render =
    indent: value:
    let
      deeper = render "${indent}  ";
    in
    if builtins.isString value then
      "\"${escape value}\""
    else if builtins.isList value then
      block indent "[" "]" (map deeper value)
    else if builtins.isAttrs value && isLiteral value then
      value.literal
    else if builtins.isAttrs value then
      block indent "{" "}" (map (name: "${attributePath [ name ]} = ${deeper value.${name}};") (builtins.attrNames value))
    else
      # A number, a boolean, null.
      builtins.toJSON value;
in
render ""
