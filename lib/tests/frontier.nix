# The frontier: what is asked of the helper, and what becomes of its answer. Over real derivations: nothing is built.
{ lib }:
let
  make = import ./make.nix;
  plain = builtins.unsafeDiscardStringContext;
  source = builtins.toFile "source" "a flake";
  page = builtins.toFile "page" "text";
  input = builtins.toFile "input" "a flake input";
  library = make "library" {
    outputs = [
      "out"
      "dev"
    ];
  };
  program = make "program" { inherit library; };

  entry = sort: name: value: {
    inherit sort value;
    label = "packages.test.${name}";
  };
  package = entry "derivation";
  app = name: program: entry "app" name { inherit program; };

  request =
    arguments:
    lib.planRequest (
      {
        self.outPath = source;
        entries = [ ];
        skip = [ ];
        own = [ ];
      }
      // arguments
    );
  marks = sourceInfo: (request { self.sourceInfo = sourceInfo // { outPath = source; }; }).marks;
  output = entry: builtins.head (request { entries = [ entry ]; }).outputs;
  ofApp = program: removeAttrs (output (app "a" program)) [ "label" ];

  path = {
    path = true;
  };
  drv = plain library.drvPath;

  entries = [
    (package "a" program)
    (app "b" "x")
  ];
  planned = lib.plannedInputs {
    inherit entries;
    plan = {
      roots = [
        {
          path = plain library.dev;
          derivation = drv;
          output = "dev";
          chain = [ "packages.test.a" ];
        }
        {
          path = plain page;
          chain = [
            "packages.test.a"
            "deps"
          ];
        }
        {
          path = plain program.outPath;
          derivation = plain program.drvPath;
          output = "out";
          chain = [ "packages.test.b" ];
        }
      ];
      outputs = [
        {
          label = "packages.test.a";
          roots = [
            1
            0
          ];
        }
        {
          label = "packages.test.b";
          roots = [ 1 ];
        }
      ];
      results = [ 2 ];
    };
  };
  inputs = map (output: map (input: input.root) output.inputs) planned.direct;

  message = kind: chain: (lib.checkRefusal {
    label = "packages.test.a";
    derivation = "/nix/store/x-zlib.drv";
    inherit kind chain;
  }).message;
in
{
  "the flake is named by the source that it lies in" = {
    actual = map (self: (request { inherit self; }).flake) [
      { outPath = source; }
      {
        outPath = "${source}/folder";
        sourceInfo.outPath = source;
      }
    ];
    expected = [
      source
      source
    ];
  };
  "the flake is there when the plan is made" = {
    actual = builtins.getContext (request { }).flake;
    expected.${plain source} = path;
  };
  "what is in the seed anyway is named, not needed" = {
    actual = builtins.getContext (builtins.concatStringsSep " " (request { skip = [ input ]; }).skip);
    expected = { };
  };
  "marks are what an evaluation knows of the commit, as text" = {
    actual = marks {
      rev = "4f1c0de";
      dirtyShortRev = "4f1c-dirty";
      lastModified = 1795962118;
      submodules = true;
      revCount = 12;
    };
    expected = [
      "4f1c0de"
      "4f1c-dirty"
      "1795962118"
    ];
  };
  "a mark brings nothing along" = {
    actual = builtins.getContext (builtins.head (marks { rev = "${program}"; }));
    expected = { };
  };
  "a flake without a commit has no marks" = {
    actual = marks { };
    expected = [ ];
  };

  "an output is its .drv, and none of its results" = {
    actual = builtins.getContext (output (package "a" program)).derivation;
    expected.${plain program.drvPath} = path;
  };
  "an output is asked for by its label" = {
    actual = plain (builtins.toJSON (output (package "a" program)));
    expected = builtins.toJSON {
      derivation = plain program.drvPath;
      label = "packages.test.a";
    };
  };
  "outputs are asked for in their order" = {
    actual = map (output: output.label) (request {
      entries = [
        (package "b" program)
        (app "c" "${program}")
        (package "a" library)
      ];
    }).outputs;
    expected = [
      "packages.test.b"
      "packages.test.c"
      "packages.test.a"
    ];
  };
  "an app is the outputs that its program names" = {
    actual = ofApp "${library.dev}/bin/x --with ${library}";
    expected = {
      inputs = [
        {
          derivation = drv;
          outputs = [
            "dev"
            "out"
          ];
        }
      ];
      sources = [ ];
    };
  };
  "an app brings the .drv files of what it names, and none of their results" = {
    actual = builtins.getContext (builtins.head (ofApp "${library.dev}").inputs).derivation;
    expected.${drv} = path;
  };
  "an app needs the sources that its program names" = {
    actual = ofApp "${page}";
    expected = {
      inputs = [ ];
      sources = [ page ];
    };
  };
  "a source of an app is there when the plan is made" = {
    actual = map builtins.getContext (ofApp "${page}").sources;
    expected = [ { ${plain page} = path; } ];
  };
  "an app that names a .drv file alone needs nothing" = {
    actual = ofApp "x ${builtins.unsafeDiscardOutputDependency library.drvPath}";
    expected = {
      inputs = [ ];
      sources = [ ];
    };
  };
  "an app that names a .drv file and an output needs the output" = {
    actual = ofApp "${builtins.unsafeDiscardOutputDependency library.drvPath} ${library}";
    expected = {
      inputs = [
        {
          derivation = drv;
          outputs = [ "out" ];
        }
      ];
      sources = [ ];
    };
  };
  "an app that names nothing needs nothing" = {
    actual = ofApp "/bin/sh";
    expected = {
      inputs = [ ];
      sources = [ ];
    };
  };

  "distinct: a derivation that is two outputs is planned once, by its first name" = {
    actual = map (entry: entry.label) (
      lib.distinctEntries [
        (package "b" program)
        (package "a" program)
        (package "c" library)
      ]
    );
    expected = [
      "packages.test.b"
      "packages.test.c"
    ];
  };
  "distinct: an app is not the package that it runs" = {
    actual = builtins.length (
      lib.distinctEntries [
        (package "a" program)
        (app "b" "${program}")
        (app "c" "${program}")
      ]
    );
    expected = 3;
  };

  "planned: each output has its own inputs, in the order of the plan" = {
    actual = inputs;
    expected = [
      [
        page
        library.dev.outPath
      ]
      [ page ]
    ];
  };
  "planned: inputs have to be there" = {
    actual = map builtins.getContext (builtins.head inputs);
    expected = [
      { ${plain page} = path; }
      { ${drv}.outputs = [ "dev" ]; }
    ];
  };
  "planned: outputs are the entries that were asked for" = {
    actual = map (output: output.entry.label) planned.direct;
    expected = map (entry: entry.label) entries;
  };
  "planned: results have to be there, too" = {
    actual = map builtins.getContext planned.results;
    expected = [ { ${plain program.drvPath}.outputs = [ "out" ]; } ];
  };
  "planned: a reason is plain text" = {
    actual = map (reason: builtins.getContext reason.path) planned.reasons;
    expected = builtins.genList (_index: { }) 3;
  };
  "planned: a reason is the chain to its path" = {
    actual = builtins.elemAt planned.reasons 1;
    expected = {
      path = plain page;
      chain = [
        "packages.test.a"
        "deps"
      ];
    };
  };

  "message: a plan that needs what is content-addressed" = {
    actual = message "content-addressed" [ "packages.test.a" ];
    expected = ''
      nix-seed: packages.test.a needs the result of /nix/store/x-zlib.drv, which is content-addressed (__contentAddressed): a seed cannot hold the realisation that says where it is.
      Build that without __contentAddressed, or leave packages.test.a out with `exclude`'';
  };
  "message: a plan that needs what is impure, and the way to it" = {
    actual = message "impure" [
      "packages.test.a"
      "deps"
      "script"
    ];
    expected = ''
      nix-seed: packages.test.a needs the result of /nix/store/x-zlib.drv (through deps, script), which is impure (__impure): it is never kept, so a seed cannot hold it.
      Build that without __impure, or as a fixed-output derivation, or leave packages.test.a out with `exclude`'';
  };
  "a refusal is a problem" = {
    actual = lib.collectProblems [
      (lib.checkRefusal {
        label = "a";
        chain = [ "a" ];
        derivation = "/nix/store/x-zlib.drv";
        kind = "impure";
      })
    ] == { ok = true; };
    expected = false;
  };
}
