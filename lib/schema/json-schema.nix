# jsonSchema :: { title :: String, description :: String, type :: Type } -> JsonSchema
#
# Why: editors and other programs check the normal form by JSON Schema, draft 2020-12. All names are required and no others allowed, as in the
# normal form. It says what a single value can be; what several have to be together, only the check itself knows.
#
# Example:
#   jsonSchema { title = "x"; description = "y"; type = record { level = { type = enum [ 1 2 ]; … }; }; }
#   => { "$schema" = "https://json-schema.org/draft/2020-12/schema"; type = "object"; required = [ "level" ]; … }
{ schemaRead, schemaTypes }:
{
  title,
  description,
  type,
}:
let
  anchored = pattern: "^(?:${pattern})$";
  ofPattern = type: if type ? pattern then { pattern = anchored type.pattern; } else { };

  schemas = {
    text =
      type:
      {
        type = "string";
        maxLength = type.max;
      }
      // ofPattern type;
    file = schemas.text;
    int = type: {
      type = "integer";
      minimum = type.min;
      maximum = type.max;
    };
    bool = _type: { type = "boolean"; };
    enum = type: { enum = type.values; };
    nullOr = type: {
      anyOf = [
        (schema type.of)
        { type = "null"; }
      ];
    };
    listOf =
      type:
      {
        type = "array";
        items = schema type.of;
        minItems = type.min;
      }
      // (if type.max == null then { } else { maxItems = type.max; });
    attrsOf = type: {
      type = "object";
      propertyNames = schema type.key;
      additionalProperties = schema type.of;
      maxProperties = type.max;
    };
    record = type: {
      type = "object";
      properties = builtins.mapAttrs (_name: ofOption) type.fields;
      required = builtins.attrNames type.fields;
      additionalProperties = false;
    };
  };
  schema = type: schemas.${type.kind} type;

  # What a person may write, as it is in the normal form.
  normal =
    type: value:
    schemaRead {
      what = "an example";
      type = schemaTypes.record { it = { inherit type; }; };
    } { it = value; };
  # One that names a file has no normal form here.
  examplesOf =
    option:
    let
      example = normal option.type option.example;
    in
    if example.problems == [ ] then { examples = [ example.value.it ]; } else { };
  ofOption =
    option:
    schema option.type
    // { inherit (option) description; }
    // (if option ? default then { default = (normal option.type option.default).value.it; } else { })
    // examplesOf option;
in
{
  "$schema" = "https://json-schema.org/draft/2020-12/schema";
  inherit title description;
}
// schema type
