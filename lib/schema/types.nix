# schemaTypes :: { text, file, int, bool, enum, nullOr, listOf, attrsOf, record, opaque }
#     Type   = { kind :: String, expected :: String, … }
#     Option = { type :: Type, default? :: Any, defaultText? :: String, description :: String, example :: Any }
#
# Why: a configuration's types as plain data, so that its check, its normal form, its reference page, its JSON schema and its module
# options come from one source and cannot disagree. `expected` is what a message and the page say of a type. Patterns keep to what Nix
# (POSIX extended) and JSON Schema (ECMA 262) read alike; they match whole texts. An option without a default has to be given.
# `defaultText` tells of a default that is a function, or is not known before it is used.
#
# `read` turns what a person writes into the normal form: { value = …; }, or { faults = [ "is …" ]; }, which go on from "it" or from
# "element 2 of 3". Without it, a text is its own normal form and `pattern` says which are right.
#
# Example:
#   schemaTypes.listOf { of = schemaTypes.bool; }
#   => { kind = "listOf"; of = { kind = "bool"; expected = "true or false"; }; expected = "a list, each true or false"; min = 0; max = 64; }
{ }:
let
  alternatives =
    words:
    let
      count = builtins.length words;
    in
    if count < 2 then
      builtins.concatStringsSep "" words
    else
      builtins.concatStringsSep ", " (builtins.genList (builtins.elemAt words) (count - 1))
      + " or ${builtins.elemAt words (count - 1)}";
in
{
  text =
    {
      expected,
      pattern,
      max ? 255,
      ...
    }@text:
    text
    // {
      kind = "text";
      inherit max;
    };

  # A text, or the path of a file that holds it, which is read.
  file =
    {
      expected,
      read,
      max,
      ...
    }@file:
    file // { kind = "file"; };

  int =
    { min, max }:
    {
      kind = "int";
      inherit min max;
      expected = "an integer from ${toString min} to ${toString max}";
    };

  bool = {
    kind = "bool";
    expected = "true or false";
  };

  enum = values: {
    kind = "enum";
    inherit values;
    expected = alternatives (map builtins.toJSON values);
  };

  nullOr = of: {
    kind = "nullOr";
    inherit of;
    expected = "${of.expected}; or null";
  };

  # `max` may be null: of any length.
  listOf =
    {
      of,
      min ? 0,
      max ? 64,
    }:
    {
      kind = "listOf";
      inherit of min max;
      expected = "a list${if min == 0 then "" else " of at least ${toString min}"}, each ${of.expected}";
    };

  # `key` is the type of the names; `called` and `example` stand for one in a path.
  attrsOf =
    {
      of,
      key,
      called,
      example,
      max ? 64,
    }:
    {
      kind = "attrsOf";
      inherit
        of
        key
        called
        example
        max
        ;
      expected = "a set, in which each name is ${key.expected}";
    };

  record = fields: {
    kind = "record";
    inherit fields;
    expected = "a set with the options ${builtins.concatStringsSep ", " (builtins.attrNames fields)}";
  };

  # What Nix alone has, so that there is no JSON of it: a derivation, a function. `accepts` says whether it is of the right sort; if so, `faults` says
  # what is wrong within. `module` chooses, among the types of nixpkgs' module system, the one that says how several definitions become one.
  opaque =
    {
      expected,
      accepts,
      faults ? _value: [ ],
      module ? types: types.raw,
    }:
    {
      kind = "opaque";
      inherit
        expected
        accepts
        faults
        module
        ;
    };
}
