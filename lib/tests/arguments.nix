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
      helper = null;
    };
  };
  "every argument's message can be made" = {
    actual = builtins.all (name: !(check { ${name} = 1.5; }).ok) (builtins.attrNames lib.arguments);
    expected = true;
  };

  "name" = accepts { name = "app-seed"; };
  "name with a registry" = accepts { name = "localhost:5000/me/app.seed_1"; };
  "name with a tag" = refuses { name = "app:v1"; };
  "name in upper case" = refuses { name = "App"; };
  "tag" = accepts { tag = "v1.2_3-x"; };
  "tag that begins with a dot" = refuses { tag = ".v1"; };
  "outputs" = accepts { outputs = [ "formatter" ]; };
  "outputs of a kind that is never looked into" = refuses { outputs = [ "legacyPackages" ]; };
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
  "tools that are strings" = refuses { tools = [ "less" ]; };
  "nixConf" = accepts {
    nixConf = {
      cores = 2;
      sandbox = true;
      system-features = [ "kvm" ];
    };
  };
  "nixConf with a set" = refuses { nixConf.cores = { }; };
  "config" = accepts {
    config = {
      Env = [ "A=b=c" ];
      Labels.a = "b";
      User = "1000";
    };
  };
  "config in lower case" = refuses { config.env = [ ]; };
  "config whose Env is a set" = refuses { config.Env.A = "b"; };
  "config whose Env assigns nothing" = refuses { config.Env = [ "A" ]; };
  "maxLayers: fewest" = accepts { maxLayers = 2; };
  "maxLayers: too few" = refuses { maxLayers = 1; };
  "maxLayers: most" = accepts { maxLayers = 100; };
  "maxLayers: too many" = refuses { maxLayers = 101; };
  "maxSize" = accepts { maxSize = 1; };
  "maxSize of nothing" = refuses { maxSize = 0; };

  "message: not a set" = {
    actual = (lib.checkArguments "x").message;
    expected = ''
      nix-seed: mkSeed takes a set of arguments, but got the string "x".
      For example: mkSeed { inherit pkgs; inherit (inputs) self; }'';
  };
  "message: missing" = {
    actual = (lib.checkArguments { }).message;
    expected = ''
      nix-seed: mkSeed needs the argument `pkgs`.
      Expected: a nixpkgs package set.
      For example: pkgs = inputs.nixpkgs.legacyPackages.''${system};

      nix-seed: mkSeed needs the argument `self`.
      Expected: the flake that the seed is for.
      For example: inherit (inputs) self;'';
  };
  "message: unknown" = {
    actual = message { exlude = [ ]; };
    expected = ''
      nix-seed: mkSeed has no argument `exlude`.
      Its arguments are: config, contents, exclude, filter, helper, maxLayers, maxSize, name, nix, nixConf, outputs, pkgs, self, tag, tools.
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
