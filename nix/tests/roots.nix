# Which store paths come into which group.
{ mkSeed, pkgs }:
let
  inherit (pkgs) make;
  nameOf = path: builtins.substring 33 (-1) (baseNameOf (builtins.unsafeDiscardStringContext path));
  tree = name: builtins.toFile name name;

  # The flake's own tree is `root`; two of them differ in one file.
  application =
    root:
    let
      library = make "library" {
        inherit (pkgs) stdenv;
        gcc = make "gcc" { };
        src = root + "/src";
      };
    in
    {
      _type = "flake";
      outPath = "${root}";
      inputs.nixpkgs = {
        outPath = tree "nixpkgs";
        legacyPackages.x86_64-linux.bashInteractive = make "bash-of-nixpkgs" { };
      };
      packages.x86_64-linux = {
        default = make "program" {
          inherit library;
          gcc = make "gcc" { };
          zlib = make "zlib" { };
          theirs = tree "nixpkgs";
          whole = "${root}";
        };
        inherit library;
      };
      devShells.x86_64-linux.default = make "shell" { inputs = [ (make "gdb" { }) ]; };
    };
  seed =
    arguments:
    mkSeed (
      {
        inherit pkgs;
        self = application ./flake-before;
      }
      // arguments
    );
  groupsOf = seed: map (group: { ${group.name} = map nameOf group.roots; }) seed.partition;
in
{
  "groups in their order" = {
    actual = groupsOf (seed { });
    expected = [
      {
        nix = [
          "nix"
          "bash"
          "coreutils"
          "gitMinimal"
          "nix-seed-helper"
          "diffutils"
          "findutils"
          "gawk"
          "gnugrep"
          "gnused"
          "gnutar"
          "gzip"
          "cacert"
        ];
      }
      {
        toolchain = [
          "gcc"
          "stdenv"
          "bash-of-nixpkgs"
        ];
      }
      { inputs = [ "nixpkgs" ]; }
      { packages-default = [ "zlib" ]; }
      { devShells-default = [ "gdb" ]; }
    ];
  };
  "what the arguments name is there" = {
    actual =
      let
        groups = groupsOf (seed {
          contents = [ (make "extra" { }) ];
          config.Cmd = [ "${make "command" { }}/bin/x" ];
          nixConf.plugin-files = [ "${make "plugin" { }}/lib/x.so" ];
          nixConf.diff-hook = ./flake-before/flake.nix;
        });
      in
      builtins.sort builtins.lessThan (builtins.elemAt groups 3).contents;
    expected = [
      "command"
      "extra"
      "flake.nix"
      "plugin"
    ];
  };
  "another nix, other tools" = {
    actual = builtins.head (groupsOf (seed {
      nix = make "my-nix" { };
      tools = [ ];
    }));
    expected.nix = [
      "my-nix"
      "bash"
      "coreutils"
      "gitMinimal"
      "nix-seed-helper"
      "cacert"
    ];
  };
  "without shells there is no shell" = {
    actual = builtins.elemAt (groupsOf (seed { outputs = [ "packages" ]; })) 1;
    expected.toolchain = [
      "gcc"
      "stdenv"
    ];
  };
  "an edit of the flake's own files leaves the seed as it is" = {
    actual = (seed { self = application ./flake-before; }).drvPath == (seed { self = application ./flake-after; }).drvPath;
    expected = true;
  };
  "each group knows the roots of those before it" = {
    actual = map nameOf (seed { outputs = [ "packages" ]; tools = [ ]; }).layers.inputs.exportReferencesGraph.earlier;
    expected = [
      "nix"
      "bash"
      "coreutils"
      "gitMinimal"
      "nix-seed-helper"
      "cacert"
      "gcc"
      "stdenv"
    ];
  };
  "names that look alike in the store stay apart" = {
    actual = builtins.attrNames (seed {
      self = {
        _type = "flake";
        outPath = "${./flake-before}";
        packages.x86_64-linux = {
          "a b" = make "a" { zlib = make "zlib" { }; };
          a-b = make "b" { curl = make "curl" { }; };
        };
      };
    }).layers;
    expected = [
      "nix"
      "packages-a-b"
      "packages-a-b-6c835a1e38cad502"
    ];
  };
  "the closure is that of all roots" = {
    actual =
      let
        small = seed {
          outputs = [ "packages" ];
          tools = [ ];
          maxLayers = 2;
        };
      in
      small.closure.exportReferencesGraph.closure == small.layers.rest.exportReferencesGraph.closure;
    expected = true;
  };
}
