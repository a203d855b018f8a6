# mkSeed's arguments: what is accepted, and every message word for word.
{ lib }:
let
  flake = {
    _type = "flake";
    outPath = "/flake";
  };
  package = {
    type = "derivation";
    name = "hello-2.12";
    outPath = "/nix/store/hello";
  };
  required = {
    pkgs.stdenv = { };
    self = flake;
  };
  check = arguments: lib.checkArguments (required // arguments);
  message = arguments: (check arguments).message;
  text = length: builtins.concatStringsSep "" (builtins.genList (_: "x") length);
  # What a message says of the value, without what every message ends with.
  found =
    arguments:
    builtins.elemAt (builtins.match "[^:]*: [^:]*: ([^\n]*)[.]\n.*" (message arguments)) 0;
  says = arguments: what: {
    actual = found arguments;
    expected = what;
  };
  accepts = arguments: {
    actual = (check arguments).ok;
    expected = true;
  };
  refuses = arguments: {
    actual = (check arguments).ok;
    expected = false;
  };
in
{
  "the required ones are enough" = accepts { };
  "defaults are filled in" = {
    actual = builtins.removeAttrs (check { tag = "v1"; }).arguments [
      "filter"
      "pkgs"
      "self"
    ];
    expected = {
      name = null;
      tag = "v1";
      outputs = [
        "packages"
        "devShells"
        "checks"
        "apps"
      ];
      exclude = [ "seed" ];
      nix = null;
      contents = [ ];
      tools = null;
      nixConf = { };
      config = { };
      maxLayers = 100;
      maxSize = null;
      recording = null;
      helper = null;
      closure = "frontier";
      own = [ ];
    };
  };
  "every argument's message can be made" = {
    actual = builtins.all (name: !(check { ${name} = 1.5; }).ok) (builtins.attrNames lib.arguments.fields);
    expected = true;
  };

  "name" = accepts { name = "app-seed"; };
  "name with a registry" = accepts { name = "localhost:5000/me/app.seed_1"; };
  "name of 255 bytes" = accepts { name = "localhost/${text 245}"; };
  "name of 256 bytes" = refuses { name = "localhost/${text 246}"; };
  "name that holds a store path" = refuses { name = "app-${baseNameOf "${./arguments.nix}"}"; };
  "a very long name does not exhaust the stack" = refuses { name = text 200000; };
  "name with a tag" = refuses { name = "app:v1"; };
  "name with two dots in a row" = refuses { name = "app..seed"; };
  "name with two underscores and three dashes in a row" = accepts { name = "app__seed---x"; };
  "name in upper case" = refuses { name = "App"; };
  "tag" = accepts { tag = "v1.2_3-x"; };
  "tag that begins with a dot" = refuses { tag = ".v1"; };
  "tag of 128 bytes" = accepts { tag = text 128; };
  "tag of 129 bytes" = refuses { tag = text 129; };
  "tag with a line break" = refuses { tag = "v1\n"; };
  "empty tag" = refuses { tag = ""; };
  "a very long tag does not exhaust the stack" = refuses { tag = text 200000; };
  "outputs" = accepts { outputs = [ "formatter" ]; };
  "outputs of a kind that is never looked into" = says {
    outputs = [
      "packages"
      "legacyPackages"
    ];
  } "element 2 of 2 is the string \"legacyPackages\"";
  "outputs that is no list" = says { outputs = "packages"; } "it is the string \"packages\"";
  "exclude with a derivation" = says {
    exclude = [
      "seed"
      package
    ];
  } "element 2 of 2 is the derivation `hello-2.12`";
  "exclude with what names no output" = accepts { exclude = [ "only-on-another-system" ]; };
  "exclude" = accepts { exclude = [ ]; };
  "filter" = accepts { filter = _path: _output: true; };
  "filter that is a functor" = accepts { filter.__functor = _self: _path: _output: true; };
  "nix" = accepts { nix = package; };
  "contents" = accepts {
    contents = [
      package
      ./arguments.nix
      "${./arguments.nix}"
    ];
  };
  "contents without a context" = refuses { contents = [ "/nix/store/hello" ]; };
  "no tools" = accepts { tools = [ ]; };
  "tools that are strings" = says { tools = [ "less" ]; } "element 1 of 1 is the string \"less\"";
  "nixConf" = accepts {
    nixConf = {
      cores = 2;
      sandbox = true;
      system-features = [ "kvm" ];
    };
  };
  "nixConf: a path" = accepts { nixConf.diff-hook = [ ./arguments.nix ]; };
  "nixConf: empty values" = accepts {
    nixConf = {
      plugin-files = "";
      system-features = [ ];
    };
  };
  "nixConf with a set" = says { nixConf.cores = { }; } "nixConf.cores is a set";
  "nixConf with null in a list" = says {
    nixConf.system-features = [
      "kvm"
      null
    ];
  } "nixConf.system-features: element 2 of 2 is null";
  "nixConf with a list in a list" = says { nixConf.a = [ [ ] ]; } "nixConf.a: element 1 of 1 is a list";
  "nixConf: a line break in a value" = says { nixConf.a = "x\nsandbox = false"; } "nixConf.a has a line break in it";
  "nixConf: a line break in a list" = says {
    nixConf.a = [
      "x"
      "y\n"
    ];
  } "nixConf.a has a line break in it";
  "nixConf: a line break in a path" = says { nixConf.a = /. + "a\nb"; } "nixConf.a has a line break in it";
  "nixConf: a comment in a value" = says {
    nixConf.a = "x # y";
  } "nixConf.a has a `#` in it, from which on Nix reads a comment";
  "nixConf: a line break in a key" =
    says { nixConf."a b\nc = d" = 1; } "nixConf.\"a b\\nc = d\" is not the name of a setting";
  "nixConf: an empty key" = says { nixConf."" = 1; } "nixConf.\"\" is not the name of a setting";
  "nixConf: a key that includes a file" =
    says { nixConf."!include" = "x"; } "nixConf.\"!include\" is not the name of a setting";
  "nixConf: include" = says { nixConf.include = ""; } "nixConf.include is not the name of a setting";
  "nixConf: a comment for a key" = says { nixConf."#" = 1; } "nixConf.\"#\" is not the name of a setting";
  "nixConf: a very long key does not exhaust the stack" = refuses { nixConf.${text 200000} = 1; };
  "nixConf: features that are no words" = says {
    nixConf.experimental-features = true;
  } "nixConf.experimental-features has to be a string or a list of strings";
  "message: nixConf" = {
    actual = message {
      nixConf = {
        A = 1;
        cores = null;
      };
    };
    expected = ''
      nix-seed: mkSeed's argument `nixConf` is not what it has to be: nixConf.A is not the name of a setting; nixConf.cores is null.
      Expected: a set of Nix settings, named in small letters, digits and `-`, each a string, a path, an integer, a boolean or a list of these, on one line.
      For example: nixConf = { cores = 4; extra-experimental-features = [ "ca-derivations" ]; };'';
  };
  "config" = accepts {
    config = {
      Env = [ "A=b=c" ];
      Labels.a = "b";
      User = "1000";
    };
  };
  "config with every key" = accepts {
    config = {
      User = "1000:1000";
      ExposedPorts."80/tcp" = { };
      Env = [ "A=" ];
      Entrypoint = [ "/bin/x" ];
      Cmd = [ ];
      Volumes."/data" = { };
      WorkingDir = "/src";
      Labels = { };
      StopSignal = "SIGTERM";
    };
  };
  "config in lower case" = says { config.env = [ ]; } "config.env is not a key of it";
  "config whose Env is a set" = says { config.Env.A = "b"; } "config.Env: it is a set, not a list";
  "config whose Env assigns nothing" = says {
    config.Env = [
      "A=b"
      "B"
      "=c"
    ];
  } "config.Env: element 2 of 3 is the string \"B\", not \"NAME=value\"; config.Env: element 3 of 3 is the string \"=c\", not \"NAME=value\"";
  "config: a function for User" = says { config.User = x: x; } "config.User: it is a function, not a string";
  "config: a number for User" = says { config.User = 0; } "config.User: it is the integer 0, not a string";
  "config: a function in Cmd" = says {
    config.Cmd = [ (x: x) ];
  } "config.Cmd: element 1 of 1 is a function, not a string";
  "config: a string for Entrypoint" = says {
    config.Entrypoint = "/bin/x";
  } "config.Entrypoint: it is the string \"/bin/x\", not a list";
  "config: a function for a label" = says {
    config.Labels."a.b" = x: x;
  } "config.Labels: \"a.b\" is a function, not a string";
  "config: a number for a port" = says { config.ExposedPorts.x = 7; } "config.ExposedPorts: x is the integer 7, not the empty set { }";
  "config: volumes that hold something" = says {
    config.Volumes."/data".a = x: x;
  } "config.Volumes: \"/data\" is a set, not the empty set { }";
  "config: a list for ports" = says { config.ExposedPorts = [ "80" ]; } "config.ExposedPorts: it is a list, not a set";
  "config: a number for WorkingDir and StopSignal" = says {
    config = {
      StopSignal = 9;
      WorkingDir = null;
    };
  } "config.StopSignal: it is the integer 9, not a string; config.WorkingDir: it is null, not a string";
  "config that is a function" = says { config = x: x; } "it is a function";
  "message: config" = {
    actual = message { config.Domainname = "x"; };
    expected = ''
      nix-seed: mkSeed's argument `config` is not what it has to be: config.Domainname is not a key of it.
      Expected: a set with the keys Cmd, Entrypoint, Env, ExposedPorts, Labels, StopSignal, User, Volumes, WorkingDir of an OCI image config.
      For example: config = { Env = [ "LANG=C.UTF-8" ]; Cmd = [ "/bin/sh" ]; Labels."org.opencontainers.image.source" = "…"; };'';
  };
  "maxLayers: fewest" = accepts { maxLayers = 2; };
  "maxLayers: too few" = refuses { maxLayers = 1; };
  "maxLayers: most" = accepts { maxLayers = 100; };
  "maxLayers: too many" = refuses { maxLayers = 101; };
  "maxSize" = accepts { maxSize = 1; };
  "maxSize of nothing" = refuses { maxSize = 0; };

  "message: not a set" = {
    actual = (lib.checkArguments "x").message;
    expected = ''
      nix-seed: mkSeed takes a set of arguments, but what it got is the string "x".
      For example: mkSeed { inherit pkgs; inherit (inputs) self; exclude = [ "seed" ]; }'';
  };
  "message: missing" = {
    actual = (lib.checkArguments { }).message;
    expected = ''
      nix-seed: mkSeed needs the argument `pkgs`.
      Expected: a nixpkgs package set.
      For example: pkgs = inputs.nixpkgs.legacyPackages.''${system};

      nix-seed: mkSeed needs the argument `self`.
      Expected: the flake that the seed is for.
      For example: self = inputs.self;'';
  };
  "message: unknown" = {
    actual = message { exlude = [ ]; };
    expected = ''
      nix-seed: mkSeed has no argument `exlude`. Did you mean `exclude`?
      The arguments are: closure, config, contents, exclude, filter, helper, maxLayers, maxSize, name, nix, nixConf, outputs, own, pkgs, recording, self, tag, tools.
      For example: mkSeed { inherit pkgs; inherit (inputs) self; exclude = [ "seed" ]; }'';
  };
  "message: wrong type" = {
    actual = message { maxLayers = 200; };
    expected = ''
      nix-seed: mkSeed's argument `maxLayers` is not what it has to be: it is the integer 200.
      Expected: an integer from 2 to 100.
      For example: maxLayers = 60;'';
  };
  "message: a flake for pkgs" = {
    actual = message { pkgs = flake; };
    expected = ''
      nix-seed: mkSeed's argument `pkgs` is not what it has to be: it is a flake.
      Expected: a nixpkgs package set.
      For example: pkgs = inputs.nixpkgs.legacyPackages.''${system};'';
  };
  "message: several at once" = {
    actual = message {
      maxSize = "4G";
      tools = package;
    };
    expected = ''
      nix-seed: mkSeed's argument `maxSize` is not what it has to be: it is the string "4G".
      Expected: a number of bytes above 0, or null for no limit.
      For example: maxSize = 4 * 1024 * 1024 * 1024;

      nix-seed: mkSeed's argument `tools` is not what it has to be: it is the derivation `hello-2.12`.
      Expected: a list of derivations whose bin folders come onto PATH.
      For example: tools = [ pkgs.less pkgs.strace ];'';
  };

  "describe" = {
    actual = map lib.describe [
      null
      true
      1.5
      (x: x)
      { }
      [ ]
      (builtins.concatStringsSep "" (builtins.genList toString 100))
    ];
    expected = [
      "null"
      "the boolean true"
      "a floating-point number"
      "a function"
      "a set"
      "a list"
      "a string of 190 bytes"
    ];
  };
}
