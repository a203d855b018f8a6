# What mkSeed says of a wrong argument, word for word: for each argument one whole message, and of the other mistakes the line that
# names them. And what it says of kinds of output that have none.
{ lib }:
let
  pkg = import ./make.nix "hello-2.12" { };
  right = {
    pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    self = {
      _type = "flake";
      outPath = "/none";
    };
  };
  message = wrong: (lib.checkArguments (right // wrong)).message or "no message: it is accepted";
  fault = wrong: builtins.head (builtins.split "\n" (message wrong));

  whole = {
    pkgs = {
      actual = message { pkgs = 1; };
      expected = ''
        nix-seed: mkSeed's argument `pkgs` is not what it has to be: it is the integer 1.
        Expected: a nixpkgs package set.
        For example: pkgs = inputs.nixpkgs.legacyPackages.''${system};'';
    };
    self = {
      actual = message { self = 1; };
      expected = ''
        nix-seed: mkSeed's argument `self` is not what it has to be: it is the integer 1.
        Expected: the flake that the seed is for.
        For example: self = inputs.self;'';
    };
    name = {
      actual = message { name = "Bad Name"; };
      expected = ''
        nix-seed: mkSeed's argument `name` is not what it has to be: it is the string "Bad Name".
        Expected: an image name: lower-case words parted by `.`, `_`, `-` or `/`, after a registry if you like, at most 255 bytes in all.
        For example: name = "ghcr.io/me/app-seed";'';
    };
    tag = {
      actual = message { tag = "a b"; };
      expected = ''
        nix-seed: mkSeed's argument `tag` is not what it has to be: it is the string "a b".
        Expected: an image tag: at most 128 letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`.
        For example: tag = "v1";'';
    };
    outputs = {
      actual = message { outputs = [ "packages" "nope" ]; };
      expected = ''
        nix-seed: mkSeed's argument `outputs` is not what it has to be: element 2 of 2 is the string "nope".
        Expected: a list of kinds of output, out of apps, checks, devShells, formatter, packages.
        For example: outputs = [ "packages" "checks" ];'';
    };
    exclude = {
      actual = message { exclude = "seed"; };
      expected = ''
        nix-seed: mkSeed's argument `exclude` is not what it has to be: it is the string "seed".
        Expected: a list of attribute names, with or without their kind.
        For example: exclude = [ "seed" "checks.needs-the-seed" ];'';
    };
    filter = {
      actual = message { filter = true; };
      expected = ''
        nix-seed: mkSeed's argument `filter` is not what it has to be: it is the boolean true.
        Expected: a function from an attribute path and an output to true or false.
        For example: filter = path: output: builtins.head path != "devShells";'';
    };
    nix = {
      actual = message { nix = "2.26"; };
      expected = ''
        nix-seed: mkSeed's argument `nix` is not what it has to be: it is the string "2.26".
        Expected: a derivation of Nix 2.18 or newer.
        For example: nix = pkgs.nixVersions.latest;'';
    };
    contents = {
      actual = message { contents = pkg; };
      expected = ''
        nix-seed: mkSeed's argument `contents` is not what it has to be: it is the derivation `hello-2.12`.
        Expected: a list of derivations, paths, or strings that hold a store path.
        For example: contents = [ pkgs.hello ./data "''${pkgs.jq}/bin/jq" ];'';
    };
    tools = {
      actual = message { tools = pkg; };
      expected = ''
        nix-seed: mkSeed's argument `tools` is not what it has to be: it is the derivation `hello-2.12`.
        Expected: a list of derivations whose bin folders come onto PATH.
        For example: tools = [ pkgs.less pkgs.strace ];'';
    };
    nixConf = {
      actual = message { nixConf = "cores = 4"; };
      expected = ''
        nix-seed: mkSeed's argument `nixConf` is not what it has to be: it is the string "cores = 4".
        Expected: a set of Nix settings, named in small letters, digits and `-`, each a string, a path, an integer, a boolean or a list of these, on one line.
        For example: nixConf = { cores = 4; extra-experimental-features = [ "ca-derivations" ]; };'';
    };
    config = {
      actual = message { config = [ ]; };
      expected = ''
        nix-seed: mkSeed's argument `config` is not what it has to be: it is a list.
        Expected: a set with the keys Cmd, Entrypoint, Env, ExposedPorts, Labels, StopSignal, User, Volumes, WorkingDir of an OCI image config.
        For example: config = { Env = [ "LANG=C.UTF-8" ]; Cmd = [ "/bin/sh" ]; Labels."org.opencontainers.image.source" = "…"; };'';
    };
    maxLayers = {
      actual = message { maxLayers = 101; };
      expected = ''
        nix-seed: mkSeed's argument `maxLayers` is not what it has to be: it is the integer 101.
        Expected: an integer from 2 to 100.
        For example: maxLayers = 60;'';
    };
    maxSize = {
      actual = message { maxSize = -1; };
      expected = ''
        nix-seed: mkSeed's argument `maxSize` is not what it has to be: it is the integer -1.
        Expected: a number of bytes above 0, or null for no limit.
        For example: maxSize = 4 * 1024 * 1024 * 1024;'';
    };
    own = {
      actual = message { own = "services.h"; };
      expected = ''
        nix-seed: mkSeed's argument `own` is not what it has to be: it is the string "services.h".
        Expected: a list of names of derivations.
        For example: own = [ "services.h" ];'';
    };
    closure = {
      actual = message { closure = "exact"; };
      expected = ''
        nix-seed: mkSeed's argument `closure` is not what it has to be: it is the string "exact".
        Expected: "frontier", or "direct" where import-from-derivation is not allowed.
        For example: closure = "direct";'';
    };
    recording = {
      actual = message { recording = ".seed.recording.json"; };
      expected = ''
        nix-seed: mkSeed's argument `recording` is not what it has to be: it is the string ".seed.recording.json".
        Expected: the path of a file that `nix-seed record` wrote, or null.
        For example: recording = ./.seed.recording.json;'';
    };
    helper = {
      actual = message { helper = "/bin/helper"; };
      expected = ''
        nix-seed: mkSeed's argument `helper` is not what it has to be: it is the string "/bin/helper".
        Expected: a derivation that holds bin/nix-seed-helper.
        For example: helper = inputs.nix-seed.packages.''${system}.helper;'';
    };
  };

  lines = {
    "exclude, an element" = {
      actual = fault { exclude = [ "seed" 1 ]; };
      expected = "nix-seed: mkSeed's argument `exclude` is not what it has to be: element 2 of 2 is the integer 1.";
    };
    "contents, an element" = {
      actual = fault { contents = [ 1 ]; };
      expected = "nix-seed: mkSeed's argument `contents` is not what it has to be: element 1 of 1 is the integer 1.";
    };
    "contents, a string that is no store path" = {
      actual = fault { contents = [ "/etc/hosts" ]; };
      expected = "nix-seed: mkSeed's argument `contents` is not what it has to be: element 1 of 1 is the string \"/etc/hosts\".";
    };
    "tools, an element" = {
      actual = fault { tools = [ "less" ]; };
      expected = "nix-seed: mkSeed's argument `tools` is not what it has to be: element 1 of 1 is the string \"less\".";
    };
    "nixConf, a value" = {
      actual = fault { nixConf = { cores = null; }; };
      expected = "nix-seed: mkSeed's argument `nixConf` is not what it has to be: nixConf.cores is null.";
    };
    "nixConf, a name" = {
      actual = fault { nixConf = { "a b" = 1; }; };
      expected = "nix-seed: mkSeed's argument `nixConf` is not what it has to be: nixConf.\"a b\" is not the name of a setting.";
    };
    "nixConf, a line break" = {
      actual = fault { nixConf = { cores = "4\nsandbox = false"; }; };
      expected = "nix-seed: mkSeed's argument `nixConf` is not what it has to be: nixConf.cores has a line break in it.";
    };
    "nixConf, a comment" = {
      actual = fault { nixConf = { cores = "4 # all"; }; };
      expected = "nix-seed: mkSeed's argument `nixConf` is not what it has to be: nixConf.cores has a `#` in it, from which on Nix reads a comment.";
    };
    "config, a key" = {
      actual = fault { config = { Foo = 1; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Foo is not a key of it.";
    };
    "config, a list" = {
      actual = fault { config = { Env = "A=1"; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Env: it is the string \"A=1\", not a list.";
    };
    "config, an element" = {
      actual = fault { config = { Env = [ "A=1" "B" ]; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Env: element 2 of 2 is the string \"B\", not \"NAME=value\".";
    };
    "config, a command" = {
      actual = fault { config = { Cmd = [ "sh" 1 ]; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Cmd: element 2 of 2 is the integer 1, not a string.";
    };
    "config, a set" = {
      actual = fault { config = { Labels = [ ]; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Labels: it is a list, not a set.";
    };
    "config, a label" = {
      actual = fault { config = { Labels.a = 1; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.Labels: a is the integer 1, not a string.";
    };
    "config, a string" = {
      actual = fault { config = { User = 0; }; };
      expected = "nix-seed: mkSeed's argument `config` is not what it has to be: config.User: it is the integer 0, not a string.";
    };
    "maxLayers, a string" = {
      actual = fault { maxLayers = "60"; };
      expected = "nix-seed: mkSeed's argument `maxLayers` is not what it has to be: it is the string \"60\".";
    };
  };

  ofKind =
    kind: value:
    (lib.checkKind {
      self.${kind} = value;
      system = "x86_64-linux";
      outputs = [
        "packages"
        "apps"
        "formatter"
      ];
    } kind).message or "no message: it is accepted";
  kinds = {
    "a kind whose system is a list" = {
      actual = ofKind "packages" { x86_64-linux = [ pkg ]; };
      expected = ''
        nix-seed: packages.x86_64-linux is a list, but has to be a set.
        Write: packages.x86_64-linux.<name> = …;
        Mend it, or leave it out: mkSeed { …; outputs = [ "apps" "formatter" ]; }'';
    };
    "a kind whose system is one package" = {
      actual = ofKind "packages" { x86_64-linux = pkg; };
      expected = ''
        nix-seed: packages.x86_64-linux is the derivation `hello-2.12`, but has to be a set.
        Write: packages.x86_64-linux.<name> = …;
        Mend it, or leave it out: mkSeed { …; outputs = [ "apps" "formatter" ]; }'';
    };
    "a kind whose system is one app" = {
      actual = ofKind "apps" {
        x86_64-linux = {
          type = "app";
          program = "/bin/sh";
        };
      };
      expected = ''
        nix-seed: apps.x86_64-linux is an app, but has to be a set.
        Write: apps.x86_64-linux.<name> = …;
        Mend it, or leave it out: mkSeed { …; outputs = [ "packages" "formatter" ]; }'';
    };
    "a kind that is null" = {
      actual = ofKind "packages" null;
      expected = ''
        nix-seed: packages is null, but has to be a set.
        Write: packages.x86_64-linux.<name> = …;
        Mend it, or leave it out: mkSeed { …; outputs = [ "apps" "formatter" ]; }'';
    };
    "a formatter without a system" = {
      actual = ofKind "formatter" pkg;
      expected = ''
        nix-seed: formatter is the derivation `hello-2.12`, but has to be a set.
        Write: formatter.x86_64-linux = …;
        Mend it, or leave it out: mkSeed { …; outputs = [ "packages" "apps" ]; }'';
    };
    "a formatter that throws can be excluded, as its message says" = {
      actual =
        let
          entries =
            exclude:
            lib.entries {
              self.formatter.x86_64-linux = throw "no formatter";
              system = "x86_64-linux";
              outputs = [ "formatter" ];
              filter = _path: _output: true;
              inherit exclude;
            };
        in
        {
          message = map (entry: (lib.checkEntry entry).message) (entries [ "seed" ]);
          excluded = entries [ "seed" "formatter" ];
        };
      expected = {
        message = [
          ''
            nix-seed: formatter.x86_64-linux does not evaluate: it throws or fails an assertion.
            See why: nix eval '.#formatter.x86_64-linux.drvPath'
            Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "formatter" ]; }''
        ];
        excluded = [ ];
      };
    };
    "kinds with outputs, without, for another system, and not there" = {
      actual = map ({ kind, value }: ofKind kind value) [
        { kind = "packages"; value = { x86_64-linux.type = pkg; }; }
        { kind = "packages"; value.x86_64-linux = { }; }
        { kind = "packages"; value.aarch64-darwin = [ ]; }
        { kind = "formatter"; value.x86_64-linux = pkg; }
        { kind = "other"; value = { }; }
      ];
      expected = builtins.genList (_: "no message: it is accepted") 5;
    };
  };
in
whole
// lines
// kinds
// {
  "every argument has its message here" = {
    actual = builtins.attrNames whole;
    expected = builtins.attrNames lib.arguments.fields;
  };
}
