# Names of outputs, images and store paths.
{ lib }:
let
  seedName =
    package:
    lib.seedName {
      system = "test";
      self.packages.test.default = package;
    };
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
    actual = lib.seedName {
      self = { };
      system = "test";
    };
    expected = "flake-seed";
  };
  "seed: the default package is a seed" = {
    actual = seedName {
      isNixSeed = true;
      pname = throw "this must not be evaluated";
    };
    expected = "flake-seed";
  };
  "every default name is accepted as an argument" = {
    actual = builtins.all (name: lib.arguments.name.accepts (seedName { pname = name; })) [
      "hello"
      "_"
      "A.B"
      "ünï"
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
