# This repository's own flake: what its outputs are, and what asking for them leaves alone.
{ pkgs, ... }:
let
  of =
    nixpkgs:
    let
      self = {
        _type = "flake";
        outPath = "${../tests}";
        inputs = { inherit nixpkgs; };
      }
      // (import ../../flake.nix).outputs { inherit self nixpkgs; };
    in
    self;
  bare = of (throw "nixpkgs must not be evaluated");
  whole = of { legacyPackages.x86_64-linux = pkgs; };
  page = builtins.readFile ../../doc/flake-parts.md;
  systems = [
    "aarch64-darwin"
    "aarch64-linux"
    "x86_64-darwin"
    "x86_64-linux"
  ];
in
{
  "what there is, is known without nixpkgs" = {
    actual = {
      packages = builtins.mapAttrs (_system: builtins.attrNames) bare.packages;
      apps = builtins.mapAttrs (_system: apps: apps.default.type) bare.apps;
      templates = builtins.attrNames bare.templates;
      overlays = builtins.attrNames bare.overlays;
      modules = builtins.attrNames bare.flakeModules;
    };
    expected = {
      packages = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = [
            "bootstrap"
            "default"
            "helper"
            "nix-seed"
            "seed"
            "static"
          ];
        }) systems
      );
      apps = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = "app";
        }) systems
      );
      templates = [
        "attested"
        "default"
        "flake-parts"
      ];
      overlays = [ "default" ];
      modules = [ "default" ];
    };
  };
  "`nix run` starts nix-seed" = {
    actual = whole.apps.x86_64-linux.default.program == "${whole.packages.x86_64-linux.default}/bin/nix-seed";
    expected = true;
  };
  "the overlay adds both programs, and nothing else" = {
    actual = builtins.mapAttrs (_name: program: program.name) (whole.overlays.default pkgs (throw "there is nothing to change"));
    expected = {
      nix-seed = "nix-seed";
      nix-seed-helper = "nix-seed-helper";
    };
  };
  "they are those of the flake" = {
    actual =
      let
        overlay = whole.overlays.default pkgs { };
        packages = whole.packages.x86_64-linux;
      in
      [
        (overlay.nix-seed == packages.nix-seed)
        (overlay.nix-seed-helper == packages.helper)
      ];
    expected = [
      true
      true
    ];
  };
  "completions and manual pages are written where the program can be run" = {
    actual = map (
      canExecute:
      let
        inherit
          (import ../client.nix {
            rustPlatform.buildRustPackage = arguments: arguments;
            inherit canExecute;
          })
          postInstall
          ;
      in
      builtins.length (builtins.filter builtins.isString (builtins.split "/bin/nix-seed (completions|man)" postInstall)) - 1
    ) [
      true
      false
    ];
    expected = [
      4
      0
    ];
  };
  "doc/flake-parts.md shows the template and the module that are tested" = {
    actual = map (file: builtins.replaceStrings [ "```nix\n${builtins.readFile file}```\n" ] [ "" ] page != page) [
      ../../templates/flake-parts/flake.nix
      ./flake-parts/trust.nix
    ];
    expected = [
      true
      true
    ];
  };
  "each template is a flake, has a description, and says how to go on" = {
    actual = builtins.mapAttrs (
      _name:
      {
        path,
        description,
        welcomeText,
      }:
      builtins.pathExists (path + "/flake.nix")
      && description != ""
      && builtins.match ".*git add.*nix build .#seed.*flake.lock.*--help.*" welcomeText != null
    ) whole.templates;
    expected = {
      attested = true;
      default = true;
      flake-parts = true;
    };
  };
}
