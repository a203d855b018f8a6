# The direct closure, over real derivations: nothing is built.
{ lib }:
let
  make = import ./make.nix;
  compiler = make "compiler" { };
  generator = make "generator" { };
  download = make "download" {
    outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    inherit compiler;
  };
  library = make "library" {
    inherit compiler;
    src = builtins.toFile "own" "library";
    outputs = [
      "out"
      "dev"
    ];
  };
  program = make "program" {
    inherit compiler generator;
    library = library.dev;
    src = builtins.toFile "theirs" "program";
    input = builtins.toFile "input" "a flake input";
    inherit download;
  };

  entry = sort: name: value: {
    inherit sort value;
    path = [
      "packages"
      "test"
      name
    ];
    label = "packages.test.${name}";
  };
  direct =
    entries:
    map (output: map (input: baseNameOf' input.root) output.inputs) (
      lib.directInputs {
        inherit entries;
        isOwnSource = path: baseNameOf' path == "own";
        skip = [ (builtins.toFile "input" "a flake input") ];
      }
    );
  baseNameOf' = path: builtins.substring 33 (-1) (baseNameOf (builtins.unsafeDiscardStringContext path));
  sorted = map (builtins.sort builtins.lessThan);
in
{
  "inputs are taken, own results and own sources are not" = {
    actual = sorted (direct [
      (entry "derivation" "library" library)
      (entry "derivation" "program" program)
    ]);
    expected = [
      [ "compiler" ]
      [
        "compiler"
        "download"
        "generator"
        "theirs"
      ]
    ];
  };
  "what is no output of the flake is taken as a result" = {
    actual = sorted (direct [ (entry "derivation" "program" program) ]);
    expected = [
      [
        "compiler"
        "download"
        "generator"
        "library-dev"
        "theirs"
      ]
    ];
  };
  "a fixed-output derivation's result is taken, its inputs are not" = {
    actual = sorted (direct [ (entry "derivation" "download" download) ]);
    expected = [ [ "download" ] ];
  };
  "a fixed-output derivation that is an output is still taken by others" = {
    actual = sorted (direct [
      (entry "derivation" "download" download)
      (entry "derivation" "program" (make "p" { inherit download; }))
    ]);
    expected = [
      [ "download" ]
      [ "download" ]
    ];
  };
  "an app needs what its program names, unless that is an output" = {
    actual = sorted (direct [
      (entry "derivation" "program" program)
      (entry "app" "own" { program = "${program}/bin/x"; })
      (entry "app" "other" { program = "${generator}/bin/x"; })
    ]);
    expected = [
      [
        "compiler"
        "download"
        "generator"
        "library-dev"
        "theirs"
      ]
      [ ]
      [ "generator" ]
    ];
  };
  "different outputs of one derivation are different inputs" = {
    actual = sorted (direct [
      (entry "derivation" "a" (make "a" { l = library.out; }))
      (entry "derivation" "b" (make "b" { l = library.dev; }))
    ]);
    expected = [
      [ "library" ]
      [ "library-dev" ]
    ];
  };
  "a derivation that is two outputs counts once" = {
    actual = direct [
      (entry "derivation" "a" (make "a" { inherit compiler; }))
      (entry "derivation" "b" (make "a" { inherit compiler; }))
    ];
    expected = [ [ "compiler" ] ];
  };
  "an input in the store is accepted" = {
    actual = lib.checkInput { label = "packages.test.a"; } {
      path = "/nix/store/x.drv";
      root = "${compiler}";
    };
    expected.ok = true;
  };
  "message: an input that is content-addressed" = {
    actual =
      (lib.checkInput { label = "packages.test.a"; } {
        path = "/nix/store/x.drv";
        root = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9";
      }).message;
    expected = ''
      nix-seed: packages.test.a needs the result of /nix/store/x.drv, which is content-addressed (__contentAddressed): a seed cannot hold the realisation that says where it is.
      Build that without __contentAddressed, or leave packages.test.a out with `exclude`'';
  };
  "structured attributes are looked into" = {
    actual = sorted (direct [
      (entry "derivation" "a" (make "a" {
        __structuredAttrs = true;
        deep.down = [ { inherit compiler; } ];
      }))
    ]);
    expected = [ [ "compiler" ] ];
  };
  "derivations that hide their attributes behind an output" = {
    actual = sorted (direct [
      (entry "derivation" "lazy" {
        inherit (program) drvPath;
        out = make "q" { inherit generator; };
      })
    ]);
    expected = [ [ "generator" ] ];
  };
}
