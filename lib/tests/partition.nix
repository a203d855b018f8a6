# Groups, their order, and how many layers each may use.
{ lib }:
let
  group = name: {
    inherit name;
    roots = [ name ];
  };
  output = name: inputs: {
    entry.path = [
      "packages"
      "test"
      name
    ];
    inputs = map (root: { inherit root; }) inputs;
  };
  groups =
    arguments:
    lib.groups (
      {
        nix = [ "nix" ];
        shell = [ ];
        inputs = [ "nixpkgs" ];
        contents = [ ];
        results = [ ];
        standardEnvironments = [ "stdenv" ];
        direct = [ ];
      }
      // arguments
    );
  allowances =
    arguments:
    map (group: "${group.name} ${toString group.allowance}") (
      lib.partition (
        {
          fixed = map group [
            "nix"
            "toolchain"
            "inputs"
          ];
          outputs = [ (group "a") ];
          results = [ ];
          maxLayers = 100;
        }
        // arguments
      )
    );
  many = count: builtins.genList (index: group "output-${toString index}") count;
  sum = builtins.foldl' builtins.add 0;
in
{
  "what outputs share is toolchain" = {
    actual = groups {
      direct = [
        (output "a" [
          "gcc"
          "zlib"
          "zlib"
        ])
        (output "b" [
          "gcc"
          "curl"
        ])
      ];
    };
    expected = {
      fixed = [
        (group "nix")
        {
          name = "toolchain";
          roots = [ "gcc" ];
        }
        {
          name = "inputs";
          roots = [ "nixpkgs" ];
        }
      ];
      outputs = [
        {
          name = "packages-a";
          roots = [ "zlib" ];
        }
        {
          name = "packages-b";
          roots = [ "curl" ];
        }
      ];
      results = [ ];
    };
  };
  "the standard environment and the shell are toolchain" = {
    actual = groups {
      direct = [ (output "a" [ "stdenv" ]) ];
      shell = [ "bash" ];
    };
    expected = {
      fixed = [
        (group "nix")
        {
          name = "toolchain";
          roots = [
            "stdenv"
            "bash"
          ];
        }
        {
          name = "inputs";
          roots = [ "nixpkgs" ];
        }
      ];
      outputs = [ ];
      results = [ ];
    };
  };
  "results are a group of their own" = {
    actual =
      (groups {
        results = [
          "deps"
          "deps"
        ];
      }).results;
    expected = [
      {
        name = "results";
        roots = [ "deps" ];
      }
    ];
  };
  "groups without roots are left out" = {
    actual = groups { inputs = [ ]; };
    expected = {
      fixed = [ (group "nix") ];
      outputs = [ ];
      results = [ ];
    };
  };

  "surplus merges" = {
    actual = lib.mergeSurplus {
      limit = 2;
      name = "rest";
    } (many 3);
    expected = [
      (group "output-0")
      {
        name = "rest";
        roots = [
          "output-1"
          "output-2"
        ];
      }
    ];
  };
  "no surplus stays" = {
    actual = lib.mergeSurplus {
      limit = 3;
      name = "rest";
    } (many 3);
    expected = many 3;
  };

  "results take of what the outputs have" = {
    actual = allowances { results = [ (group "results") ]; };
    expected = [
      "nix 11"
      "toolchain 35"
      "inputs 4"
      "a 34"
      "results 3"
    ];
  };
  "allowances" = {
    actual = allowances { };
    expected = [
      "nix 11"
      "toolchain 35"
      "inputs 4"
      "a 37"
    ];
  };
  "a new output leaves the fixed groups as they are" = {
    actual = allowances { outputs = many 2; };
    expected = [
      "nix 11"
      "toolchain 35"
      "inputs 4"
      "output-0 18"
      "output-1 18"
    ];
  };
  "more than eight outputs" = {
    actual = allowances {
      fixed = [ ];
      outputs = many 60;
    };
    expected = map (name: "${name} 4") (map (group: group.name) (many 7) ++ [ "other-outputs" ]);
  };
  "two layers" = {
    actual = lib.partition {
      fixed = [ (group "nix") ];
      outputs = [ (group "a") ];
      results = [ ];
      maxLayers = 2;
    };
    expected = [
      {
        name = "rest";
        roots = [
          "nix"
          "a"
        ];
        allowance = 1;
      }
    ];
  };
  "few layers" = {
    actual = allowances {
      outputs = many 9;
      maxLayers = 5;
    };
    expected = [
      "nix 1"
      "toolchain 1"
      "inputs 1"
      "rest 1"
    ];
  };
  "never more than there are, and never none" = {
    actual = builtins.all (
      maxLayers:
      builtins.all (
        count:
        builtins.all (
          results:
          let
            allowed = map (group: group.allowance) (
              lib.partition {
                fixed = map group [
                  "nix"
                  "toolchain"
                  "inputs"
                  "contents"
                ];
                outputs = many count;
                inherit maxLayers results;
              }
            );
          in
          sum allowed <= maxLayers - 1 && builtins.all (allowance: allowance >= 1) allowed
        ) [ [ ] [ (group "results") ] ]
      ) (builtins.genList (count: count) 12)
    ) (builtins.genList (index: index + 2) 99);
    expected = true;
  };
}
