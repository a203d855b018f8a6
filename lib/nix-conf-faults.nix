# nixConfFaults :: { … } -> [ String ]
#
# Why: nix.conf has a setting a line and knows no quotes. A line break, in a key or in a value, would begin a line of its own: a setting that
# nobody asked for. A key that is no setting's name may be a comment or an `include`.
#
# Example:
#   nixConfFaults { cores = 2; a = "x\nsandbox = false"; }  => [ "nixConf.a has a line break in it" ]
{
  attributePath,
  describe,
  listFaults,
}:
settings:
let
  # The length first: the regex engine recurses over a long value. `include` reads a file instead of setting anything.
  isKey =
    key:
    builtins.stringLength key <= 100 && builtins.match "[a-z][a-z0-9-]*" key != null && key != "include";
  isAtom =
    value:
    builtins.elem (builtins.typeOf value) [
      "bool"
      "int"
      "path"
      "string"
    ];
  holds =
    parts: value:
    let
      text = toString value;
    in
    (builtins.isString value || builtins.isPath value)
    && builtins.replaceStrings parts (map (_part: "") parts) text != text;

  elementsOf = value: if builtins.isList value then value else [ value ];
  faultsOfKey =
    key:
    let
      at = attributePath [
        "nixConf"
        key
      ];
      value = settings.${key};
      wrongElements = listFaults isAtom value;
    in
    if !isKey key then
      [ "${at} is not the name of a setting" ]
    else if builtins.isList value && wrongElements != [ ] then
      map (fault: "${at}: ${fault}") wrongElements
    else if !builtins.isList value && !isAtom value then
      [ "${at} is ${describe value}" ]
    else if
      builtins.any (holds [
        "\n"
        "\r"
      ]) (elementsOf value)
    then
      [ "${at} has a line break in it" ]
    else if builtins.any (holds [ "#" ]) (elementsOf value) then
      [ "${at} has a `#` in it, from which on Nix reads a comment" ]
    # These are merged with the features that a seed needs, word by word.
    else if key == "experimental-features" && !builtins.all builtins.isString (elementsOf value) then
      [ "${at} has to be a string or a list of strings" ]
    else
      [ ];
in
builtins.concatMap faultsOfKey (builtins.attrNames settings)
