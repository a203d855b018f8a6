# The language that configurations are described in: values that Nix alone has, and how a table's messages call its options.
{ lib }:
let
  inherit (lib.schemaTypes) listOf opaque record;
  read = lib.schemaRead {
    what = "it";
    called = "argument";
    example = "it { }";
    type = record {
      functions = {
        type = listOf {
          of = opaque {
            expected = "a function";
            accepts = builtins.isFunction;
          };
          max = null;
        };
        default = [ ];
        defaultText = "none";
        description = "Functions.";
        example.literal = "[ (x: x) ]";
      };
      settings = {
        type = opaque {
          expected = "a set";
          accepts = builtins.isAttrs;
          faults = value: map (name: "${name} is one of them") (builtins.attrNames value);
        };
        default = { };
        description = "Settings.";
        example = { };
      };
    };
  };
  firstLines = given: map (problem: builtins.head (builtins.split "\n" problem)) (read given).problems;
in
{
  "a list of any length" = {
    actual = firstLines { functions = builtins.genList (_index: x: x) 1000; };
    expected = [ ];
  };
  "of the wrong sort, and what is wrong within" = {
    actual = firstLines {
      functions = [
        7
        (x: x)
      ];
      settings.a = 1;
    };
    expected = [
      "nix-seed: it's argument `functions` is not what it has to be: element 1 of 2 is the integer 7."
      "nix-seed: it's argument `settings` is not what it has to be: a is one of them."
    ];
  };
  "a private key is not repeated" = {
    actual = map (builtins.match ".*PRIVATE KEY.*") (firstLines { settings = "-----BEGIN PRIVATE KEY-----"; });
    expected = [ null ];
  };
  "messages call options as they are called, and end with a whole to copy" = {
    actual = (read { setings = { }; }).problems ++ (read [ ]).problems;
    expected = [
      ''
        nix-seed: it has no argument `setings`. Did you mean `settings`?
        The arguments are: functions, settings.
        For example: it { }''
      ''
        nix-seed: it takes a set of arguments, but what it got is a list.
        For example: it { }''
    ];
  };
  "the page says of a default what cannot be shown" = {
    actual = builtins.match ".*\n- Default: ([a-z]+)[.]\n.*" (
      lib.optionSections (record {
        filter = {
          type = opaque {
            expected = "a function";
            accepts = builtins.isFunction;
          };
          default = x: x;
          defaultText = "none";
          description = "A filter.";
          example.literal = "x: x";
        };
      })
    );
    expected = [ "none" ];
  };
}
