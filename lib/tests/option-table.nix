# optionTable :: { lib, type } -> { <test> = { actual, expected }; }
#
# Why: what has to be true of every table of options, so that what is made of it makes sense. An example that is Nix code, such as a path, has no
# value here.
{ lib, type }:
let
  options = lib.optionPaths type;
  named =
    test:
    builtins.concatMap (
      { option, path, ... }: if test option then [ (builtins.concatStringsSep "." path) ] else [ ]
    ) options;
  problems =
    type: value:
    (lib.schemaRead {
      what = "it";
      type = lib.schemaTypes.record { it = { inherit type; }; };
    } { it = value; }).problems;
  hasLiteral =
    value:
    if builtins.isAttrs value then
      value ? literal || builtins.any hasLiteral (builtins.attrValues value)
    else
      builtins.isList value && builtins.any hasLiteral value;
  isBlank = text: builtins.match "[ \n]*" text != null;
in
{
  "every option has a description and an example" = {
    actual = named (option: isBlank option.description || !(option ? example));
    expected = [ ];
  };
  "every example is of its option's type" = {
    actual = named (option: !hasLiteral option.example && problems option.type option.example != [ ]);
    expected = [ ];
  };
  "every default is of its option's type" = {
    actual = named (option: option ? default && problems option.type option.default != [ ]);
    expected = [ ];
  };
  "descriptions fit into a table" = {
    actual = named (
      option: builtins.length (builtins.split "\n" (builtins.head (builtins.split "\n\n" option.description))) > 5
    );
    expected = [ ];
  };
}
