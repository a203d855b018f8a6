# Names of outputs, images and store paths.
{ lib }:
let
  # As mkSeed takes it.
  isName =
    name:
    (lib.checkArguments {
      inherit name;
      pkgs.stdenv = { };
      self = {
        _type = "flake";
        outPath = "/flake";
      };
    }).ok;
  seedName = package: seedNameWith { } { packages.test.default = package; };
  seedNameWith =
    arguments: self:
    lib.seedName (
      {
        system = "test";
        outputs = [
          "apps"
          "packages"
        ];
        exclude = [ "seed" ];
        filter = _path: _output: true;
        inherit self;
      }
      // arguments
    );
  text = length: builtins.concatStringsSep "" (builtins.genList (_: "x") length);
  group = name: lib.groupName [
    "checks"
    "test"
    name
  ];
in
{
  "attribute path" = {
    actual = lib.attributePath [
      "packages"
      "x86_64-linux"
      "a-b_c'"
    ];
    expected = "packages.x86_64-linux.a-b_c'";
  };
  "attribute path with quotes" = {
    actual = lib.attributePath [
      "checks"
      "1.0"
      "a\"b\\c"
    ];
    expected = ''checks."1.0"."a\"b\\c"'';
  };
  "attribute path with what a line cannot hold" = {
    actual = lib.attributePath [ "a\n\${b}" ];
    expected = ''"a\n\''${b}"'';
  };
  "seed: after the pname" = {
    actual = seedName {
      pname = "hello";
      name = "hello-2.12";
    };
    expected = "hello-seed";
  };
  "seed: after the name" = {
    actual = seedName { name = "hello"; };
    expected = "hello-seed";
  };
  "seed: characters that an image's name cannot hold" = {
    actual = seedName { pname = "My_App++"; };
    expected = "my-app-seed";
  };
  "seed: no default package" = {
    actual = seedNameWith { } { };
    expected = "flake-seed";
  };
  "seed: a default package that is left out is not asked" = {
    actual =
      map (arguments: seedNameWith arguments { packages.test.default = throw "this must not be evaluated"; })
        [
          { outputs = [ "apps" ]; }
          { exclude = [ "default" ]; }
          { exclude = [ "packages.default" ]; }
          { filter = path: _output: builtins.elemAt path 2 != "default"; }
        ];
    expected = [
      "flake-seed"
      "flake-seed"
      "flake-seed"
      "flake-seed"
    ];
  };
  "seed: a default package without a name that can be had" = {
    actual = map seedName [
      (throw "refused where outputs are checked")
      { pname = throw "no name"; }
      { pname = 7; }
      { }
    ];
    expected = [
      "flake-seed"
      "flake-seed"
      "flake-seed"
      "flake-seed"
    ];
  };
  "seed: the default package is a seed" = {
    actual = seedName {
      isNixSeed = true;
      pname = throw "this must not be evaluated";
    };
    expected = "flake-seed";
  };
  "every default name is accepted as an argument" = {
    actual = builtins.all (name: isName (seedName { pname = name; })) [
      "hello"
      "_"
      "A.B"
      "ünï"
      (text 300)
    ];
    expected = true;
  };
  "group: after the output" = {
    actual = map lib.groupName [
      [
        "packages"
        "test"
        "default"
      ]
      [
        "formatter"
        "test"
      ]
      [
        "checks"
        "test"
        (text 83)
      ]
    ];
    expected = [
      "packages-default"
      "formatter"
      "checks-${text 83}"
    ];
  };
  "group: what a store name cannot hold, or no group's name, gets a hash" = {
    actual = map group [
      "a b"
      "a/b"
      "ü"
      ""
      (text 84)
      (text 600)
      "a-0123456789abcdef"
    ];
    expected = [
      "checks-a-b-65d1eed22f949c1e"
      "checks-a-b-55bfceb5484563c4"
      "checks--ad528c423c1342ce"
      "checks-"
      "checks-${text 63}-87a41409b3b26744"
      "checks-${text 63}-87867937c891e803"
      "checks-a-0123456789abcdef-488479113843e36e"
    ];
  };
  "group: names that differ only where they are cut stay apart" = {
    actual = group (text 600 + "a") == group (text 600 + "b") || group (text 600) != group (text 600);
    expected = false;
  };
  "group: any name is short, and fit for the store" = {
    actual = builtins.all (name: builtins.stringLength (group name) <= 90 && lib.storeName (group name) == group name) [
      "default"
      "a\nb"
      (text 83)
      (text 84)
      (text 200000)
      (builtins.replaceStrings [ "x" ] [ "ü/ " ] (text 200))
    ];
    expected = true;
  };
  "store: without the registry" = {
    actual = lib.storeName "localhost:5000/me/app-seed";
    expected = "app-seed";
  };
  "store: other characters" = {
    actual = map lib.storeName [
      "packages-a b"
      ".hidden"
      "ü"
    ];
    expected = [
      "packages-a-b"
      "x.hidden"
      "x"
    ];
  };
}
