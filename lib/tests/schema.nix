# The language that configurations are described in: what is read, and what is made of a type.
{ lib }:
let
  inherit (lib.schemaTypes)
    attrsOf
    bool
    enum
    int
    listOf
    nullOr
    record
    text
    ;
  word = text {
    expected = "a word";
    pattern = "[a-z]+";
    max = 10;
  };
  port = int {
    min = 1;
    max = 9;
  };
  type = record {
    name = {
      type = word;
      description = "The name.\n\nMore of it.\n";
      example = "app";
    };
    isOn = {
      type = bool;
      default = false;
      description = "Whether.";
      example = true;
    };
    hosts = {
      type = attrsOf {
        key = word;
        called = "<host>";
        example = "one";
        of = record {
          ports = {
            type = listOf {
              of = port;
              min = 1;
              max = 2;
            };
            default = [ 1 ];
            description = "Ports | doors.";
            example = [ 7 ];
          };
        };
      };
      default = { };
      description = "Hosts.";
      example.one.ports = [ 7 ];
    };
    rest = {
      type = nullOr (record {
        kind = {
          type = enum [ "a" 2 ];
          description = "The kind.";
          example = 2;
        };
      });
      default = null;
      description = "The rest.";
      example.kind = 2;
    };
  };
  read = lib.schemaRead {
    what = "it";
    inherit type;
  };
  value = given: {
    actual = (read given).value;
    expected = {
      name = "app";
      isOn = false;
      hosts = { };
      rest = null;
    };
  };
  # The first lines of all problems.
  problems = given: map (problem: builtins.head (builtins.split "\n" problem)) (read ({ name = "app"; } // given)).problems;
  says = given: expected: {
    actual = problems given;
    inherit expected;
  };
  wrong = option: fault: "nix-seed: it's option `${option}` is not what it has to be: ${fault}.";

  # As much of nixpkgs' `lib` as options are made with: it gives back what it is given.
  recorder = {
    mkOption = option: option;
    literalExpression = text: { inherit text; };
    types =
      let
        named = name: of: { inherit name of; };
      in
      {
        str = "str";
        path = "path";
        bool = "bool";
        either = a: b: named "either" [ a b ];
        ints.between = a: b: named "between" [ a b ];
        enum = named "enum";
        nullOr = named "nullOr";
        listOf = named "listOf";
        attrsOf = named "attrsOf";
        submodule = named "submodule";
      };
  };
in
{
  "defaults are filled in" = value { name = "app"; };
  "defaults of what is within" = {
    actual = (read { name = "app"; hosts.one = { }; }).value.hosts;
    expected.one.ports = [ 1 ];
  };
  "null where it may be" = value { name = "app"; rest = null; };
  "what is there counts" = {
    actual = (read { name = "app"; isOn = true; rest.kind = "a"; hosts.two.ports = [ 2 3 ]; }).value;
    expected = {
      name = "app";
      isOn = true;
      rest.kind = "a";
      hosts.two.ports = [ 2 3 ];
    };
  };
  "an option that has to be given" = {
    actual = (read { }).problems;
    expected = [
      ''
        nix-seed: it needs the option `name`.
        Expected: a word.
        For example: name = "app";''
    ];
  };
  "text: of another form" = says { name = "App"; } [ (wrong "name" "it is the string \"App\"") ];
  "text: too long" = says { name = "abcdefghijk"; } [ (wrong "name" "it is a string of 11 bytes, more than 10") ];
  "text: a line break at its end" = says { name = "app\n"; } [ (wrong "name" "it is the string \"app\\n\"") ];
  "bool: a string" = says { isOn = "true"; } [ (wrong "isOn" "it is the string \"true\"") ];
  "enum: another" = says { rest.kind = 1; } [ (wrong "rest.kind" "it is the integer 1") ];
  "nullOr: what it would be" = says { rest = [ ]; } [ (wrong "rest" "it is a list") ];
  "int: too large, and a fraction" = says { hosts.one.ports = [ 10 1.5 ]; } [
    (wrong "hosts.one.ports" "element 1 of 2 is the integer 10; element 2 of 2 is a floating-point number")
  ];
  "list: too few" = says { hosts.one.ports = [ ]; } [ (wrong "hosts.one.ports" "it is an empty list") ];
  "list: too many" = says { hosts.one.ports = [ 1 1 1 ]; } [ (wrong "hosts.one.ports" "it is a list of 3, more than 2") ];
  "set: a name, and what it has" = says { hosts = { A = { }; b = 7; c.port = 1; }; } [
    "nix-seed: it's hosts has a name that is not what it has to be: it is the string \"A\"."
    "nix-seed: it's hosts.b is not what it has to be: it is the integer 7."
    "nix-seed: it has no option `hosts.c.port`. Did you mean `hosts.c.ports`?"
  ];
  "set: too many" = {
    actual = problems { hosts = builtins.listToAttrs (builtins.genList (index: { name = "h${toString index}"; value = { }; }) 65); };
    expected = [ (wrong "hosts" "it is a set of 65 names, more than 64") ];
  };
  "an option that is elsewhere" = says { ports = [ ]; } [ "nix-seed: it has no option `ports`. Did you mean `hosts.<host>.ports`?" ];
  "only what is asked for is evaluated" = {
    actual = (read { name = "app"; hosts = throw "nobody asks for this"; }).value.name;
    expected = "app";
  };

  "nearest: a letter less, more, another" = {
    actual = map (lib.nearestName [ "issuer" "keys" "subjects" ]) [ "isuer" "issuers" "isduer" "key" "subject" "SUBJECTS" "" "x" ];
    expected = [ "issuer" "issuer" "issuer" "keys" "subjects" null null null ];
  };
  "nearest: the first of the nearest" = {
    actual = lib.nearestName [ "aac" "aab" ] "aaa";
    expected = "aac";
  };
  "nearest: a name of any length" = {
    actual = lib.nearestName [ "issuer" ] (builtins.concatStringsSep "" (builtins.genList (_: "issuer") 10000));
    expected = null;
  };

  "Nix: one line" = {
    actual = lib.renderNix {
      a = [ 1 true null { literal = "./x"; } ];
      "b c" = "\"\${d}\"\n";
    };
    expected = "{ a = [ 1 true null ./x ]; \"b c\" = \"\\\"\\\${d}\\\"\\n\"; }";
  };
  "Nix: several" = {
    actual = lib.renderNix { a.b = builtins.genList (index: "element number ${toString index}") 5; };
    expected = ''
      {
        a = {
          b = [
            "element number 0"
            "element number 1"
            "element number 2"
            "element number 3"
            "element number 4"
          ];
        };
      }'';
  };
  "JSON" = {
    actual = lib.renderJson {
      a = [ 1 { } [ ] ];
      "b\n" = { c = null; };
    };
    expected = ''
      {
        "a": [
          1,
          {},
          []
        ],
        "b\n": {
          "c": null
        }
      }
    '';
  };
  "JSON: the same as Nix' own" = {
    actual = builtins.fromJSON (lib.renderJson lib.seedCfgJsonSchema) == lib.seedCfgJsonSchema;
    expected = true;
  };

  "JSON schema" = {
    actual = lib.jsonSchema {
      title = "t";
      description = "d";
      inherit type;
    };
    expected = {
      "$schema" = "https://json-schema.org/draft/2020-12/schema";
      title = "t";
      description = "d";
      type = "object";
      additionalProperties = false;
      required = [ "hosts" "isOn" "name" "rest" ];
      properties = {
        name = {
          type = "string";
          pattern = "^(?:[a-z]+)$";
          maxLength = 10;
          description = "The name.\n\nMore of it.\n";
          examples = [ "app" ];
        };
        isOn = {
          type = "boolean";
          description = "Whether.";
          default = false;
          examples = [ true ];
        };
        hosts = {
          type = "object";
          propertyNames = {
            type = "string";
            pattern = "^(?:[a-z]+)$";
            maxLength = 10;
          };
          maxProperties = 64;
          additionalProperties = {
            type = "object";
            additionalProperties = false;
            required = [ "ports" ];
            properties.ports = {
              type = "array";
              items = {
                type = "integer";
                minimum = 1;
                maximum = 9;
              };
              minItems = 1;
              maxItems = 2;
              description = "Ports | doors.";
              default = [ 1 ];
              examples = [ [ 7 ] ];
            };
          };
          description = "Hosts.";
          default = { };
          examples = [ { one.ports = [ 7 ]; } ];
        };
        rest = {
          anyOf = [
            {
              type = "object";
              additionalProperties = false;
              required = [ "kind" ];
              properties.kind = {
                enum = [ "a" 2 ];
                description = "The kind.";
                examples = [ 2 ];
              };
            }
            { type = "null"; }
          ];
          description = "The rest.";
          default = null;
          examples = [ { kind = 2; } ];
        };
      };
    };
  };

  "a page of options" = {
    actual = lib.optionSections (record { inherit (type.fields) hosts name; });
    expected = ''
      | option | default | what it is |
      |---|---|---|
      | [`hosts`](#hosts) | `{ }` | Hosts. |
      | [`hosts.<host>.ports`](#hostshostports) | `[ 1 ]` | Ports \| doors. |
      | [`name`](#name) | required | The name. |

      ### `hosts`

      Hosts.

      - Type: a set, in which each name is a word.
      - Default: `{ }`.

      ```nix
      hosts = { one = { ports = [ 7 ]; }; };
      ```

      ### `hosts.<host>.ports`

      Ports | doors.

      - Type: a list of at least 1, each an integer from 1 to 9.
      - Default: `[ 1 ]`.

      ```nix
      hosts.one.ports = [ 7 ];
      ```

      ### `name`

      The name.

      More of it.

      - Type: a word.
      - It has to be given.

      ```nix
      name = "app";
      ```
    '';
  };

  "module options" = {
    actual = lib.moduleOptions recorder type;
    expected = {
      name = {
        type = "str";
        description = "The name.\n\nMore of it.\n";
        example.text = "\"app\"";
      };
      isOn = {
        type = "bool";
        default = false;
        description = "Whether.";
        example.text = "true";
      };
      hosts = {
        type = {
          name = "attrsOf";
          of = {
            name = "submodule";
            of.options.ports = {
              type = {
                name = "listOf";
                of = {
                  name = "between";
                  of = [ 1 9 ];
                };
              };
              default = [ 1 ];
              description = "Ports | doors.";
              example.text = "[ 7 ]";
            };
          };
        };
        default = { };
        description = "Hosts.";
        example.text = "{ one = { ports = [ 7 ]; }; }";
      };
      rest = {
        type = {
          name = "nullOr";
          of = {
            name = "submodule";
            of.options.kind = {
              type = {
                name = "enum";
                of = [ "a" 2 ];
              };
              description = "The kind.";
              example.text = "2";
            };
          };
        };
        default = null;
        description = "The rest.";
        example.text = "{ kind = 2; }";
      };
    };
  };
}
