# What a value needs, and how that becomes store paths.
{ lib }:
let
  dependency = derivation {
    name = "dependency";
    system = "test";
    builder = "/none";
    outputs = [
      "out"
      "dev"
    ];
  };
  file = builtins.toFile "file" "text";
  plain = builtins.unsafeDiscardStringContext;
  drv = plain dependency.drvPath;

  inputs = lib.inputsOfContext (
    lib.contextOf [
      dependency.dev
      file
    ]
  );
in
{
  "strings, lists and sets" = {
    actual = lib.contextOf {
      a = "${dependency}";
      b = [ [ { c = "x${dependency.dev}y"; } ] ];
      d = file;
      e = [
        1
        1.5
        null
        true
      ];
    };
    expected = {
      ${drv}.outputs = [
        "dev"
        "out"
      ];
      ${plain file}.path = true;
    };
  };
  "a path is copied" = {
    actual = builtins.attrValues (lib.contextOf ./context.nix);
    expected = [ { path = true; } ];
  };
  "a derivation is its result, not its attributes" = {
    actual = lib.contextOf { inherit dependency; };
    expected.${drv}.outputs = [ "out" ];
  };
  "a set that becomes a string is that string" = {
    actual = lib.contextOf {
      __toString = _self: file;
      other = dependency;
    };
    expected.${plain file}.path = true;
  };
  "functions have none" = {
    actual = lib.contextOf { f = x: x; };
    expected = { };
  };
  "strings that are not UTF-8" = {
    actual = lib.contextOf { a = "${builtins.readFile ./latin1.txt}${file}"; };
    expected.${plain file}.path = true;
  };

  "inputs: identities" = {
    actual = map (input: removeAttrs input [ "root" ]) inputs;
    expected =
      let
        output = {
          id = "${drv}!dev";
          path = drv;
          sort = "output";
        };
        source = {
          id = plain file;
          path = plain file;
          sort = "source";
        };
      in
      if drv < plain file then
        [
          output
          source
        ]
      else
        [
          source
          output
        ];
  };
  "inputs: the roots are the results, with their context" = {
    actual = builtins.getContext (builtins.concatStringsSep "" (map (input: input.root) inputs));
    expected = {
      ${drv}.outputs = [ "dev" ];
      ${plain file}.path = true;
    };
  };
  "inputs: the root of an output is its path" = {
    actual = map (input: plain input.root) (lib.inputsOfContext (lib.contextOf dependency.dev));
    expected = [ (plain dependency.dev.outPath) ];
  };
  "inputs: a .drv alone is dropped" = {
    actual = lib.inputsOfContext (lib.contextOf (builtins.unsafeDiscardOutputDependency dependency.drvPath));
    expected = [ ];
  };
  "inputs: the closure of a .drv is kept" = {
    actual = map (input: builtins.getContext input.root) (lib.inputsOfContext (lib.contextOf dependency.drvPath));
    expected = [ { ${drv}.allOutputs = true; } ];
  };

  "bin output: its own" = {
    actual = lib.binOutput {
      outPath = "/all";
      out = "/out";
      bin = "/bin";
    };
    expected = "/bin";
  };
  "bin output: none" = {
    actual = lib.binOutput {
      outPath = "/dev";
      out = "/out";
    };
    expected = "/out";
  };
  "bin output: chosen by the user" = {
    actual = lib.binOutput {
      outPath = "/chosen";
      outputSpecified = true;
      bin = "/bin";
    };
    expected = "/chosen";
  };
  "installed outputs: as the package says" = {
    actual = lib.installedOutputs {
      out = "/out";
      man = "/man";
      meta.outputsToInstall = [
        "out"
        "man"
      ];
    };
    expected = [
      "/out"
      "/man"
    ];
  };
  "installed outputs: of a plain derivation" = {
    actual = lib.installedOutputs dependency;
    expected = [ dependency.outPath ];
  };
}
