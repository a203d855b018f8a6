# flakePartsTests :: { lib, nix-seed, example } -> String
#
# Why: the flake-parts module in a real module system, that of nixpkgs, whose `lib` is given: what merges, what is refused, what is evaluated.
# `example` takes a folder and the inputs of the flake in it, as nix/example.nix does.
{
  lib,
  nix-seed,
  example,
}:
let
  flake-parts = import ./stand-in.nix lib;
  pkgs = import ../package-set.nix;
  trap = throw "this must not be evaluated";
  system = "x86_64-linux";

  # A flake that is put together from modules.
  flake =
    self: modules:
    flake-parts.lib.mkFlake
      {
        inputs = {
          inherit self;
          nixpkgs.legacyPackages.${system} = pkgs;
        };
      }
      {
        imports = [ nix-seed.flakeModules.default ] ++ modules;
        systems = [ system ];
      };
  evaluates = value: (builtins.tryEval (builtins.deepSeq value true)).success;
  app = pkgs.make "app" { };
  # Tests build nothing, so they cannot plan.
  direct.perSystem.seed.closure = "direct";
in
import ../../../lib/tests/run.nix {
  flake-parts = {
    "its seed is that of the function" = {
      actual =
        let
          self = {
            _type = "flake";
            outPath = "${../../tests}";
            inputs = { };
          }
          // flake self [
            direct
            { perSystem.packages.default = app; }
            {
              perSystem =
                { pkgs, ... }:
                {
                  seed = {
                    tag = "v1";
                    contents = [ pkgs.bash ];
                    nixConf.cores = 2;
                  };
                };
            }
            { perSystem.seed.contents = [ ./trust.nix ]; }
            { perSystem.seed.nixConf.max-jobs = 1; }
          ];
        in
        self.packages.${system}.seed.drvPath == (nix-seed.lib.mkSeed {
          inherit pkgs self;
          closure = "direct";
          tag = "v1";
          contents = [
            pkgs.bash
            ./trust.nix
          ];
          nixConf = {
            cores = 2;
            max-jobs = 1;
          };
        }).drvPath;
      expected = true;
    };
    "other outputs are had without the flake itself" = {
      actual =
        let
          other = flake trap [ { perSystem.packages.default = app; } ];
        in
        {
          outputs = builtins.attrNames other;
          packages = builtins.attrNames other.packages.${system};
          name = other.packages.${system}.default.name;
          type = other.packages.${system}.seed.type;
        };
      expected = {
        outputs = [ "packages" ];
        packages = [
          "default"
          "seed"
        ];
        name = "app";
        type = "derivation";
      };
    };
    "there is no seed where none is wanted" = {
      actual = builtins.attrNames (flake trap [ { perSystem.seed.enable = false; } ]).packages.${system};
      expected = [ ];
    };
    "it may be imported twice" = {
      actual = builtins.attrNames (flake trap [ nix-seed.flakeModules.default ]).packages.${system};
      expected = [ "seed" ];
    };
    "it is not for other module systems" = {
      actual =
        map
          (
            class:
            evaluates
              (lib.evalModules {
                inherit class;
                modules = [ nix-seed.flakeModules.default ];
              }).config
          )
          [
            "nixos"
            "homeManager"
          ];
      expected = [
        false
        false
      ];
    };
    "an option that is not there, and one of the wrong type" = {
      actual =
        map (seed: evaluates (flake trap [ { perSystem = { inherit seed; }; } ]).packages.${system}.seed.name)
          [
            { exlude = [ ]; }
            { maxLayers = 200; }
            { pkgs = pkgs; }
          ];
      expected = [
        false
        false
        false
      ];
    };
    "whom to trust, from several modules" = {
      actual =
        let
          inherit
            (flake trap [
              ./trust.nix
              { flake.seedCfg.builders.ci.keys = [ ../../../lib/seed-cfg/examples/keys/ci.pub ]; }
            ])
            seedCfg
            ;
        in
        {
          inherit (seedCfg) source level;
          builders = builtins.attrNames seedCfg.builders;
          isNormal = seedCfg == nix-seed.lib.seedCfg seedCfg;
        };
      expected = {
        source = "git+https://github.com/owner/app";
        level = 1;
        builders = [
          "ci"
          "github"
        ];
        isNormal = true;
      };
    };
    "where nobody says whom to trust, there is no such output" = {
      actual = map (modules: (flake trap modules) ? seedCfg) [
        [ ]
        [ { flake.seedCfg = lib.mkIf false (import ./trust.nix).flake.seedCfg; } ]
        [ ./trust.nix ]
      ];
      expected = [
        false
        false
        true
      ];
    };
    "a mistake in it is told where it is asked for, and nowhere else" = {
      actual =
        map
          (
            seedCfg:
            let
              mistaken = flake trap [ { flake = { inherit seedCfg; }; } ];
            in
            [
              (builtins.attrNames mistaken.packages.${system})
              (evaluates mistaken.seedCfg)
            ]
          )
          [
            { source = "github:owner/app"; }
            { builder = { }; }
            { level = 4; }
          ];
      expected = builtins.genList (_index: [
        [ "seed" ]
        false
      ]) 3;
    };
    "the template is a flake with a seed" = {
      actual =
        let
          template = example {
            folder = ../../../templates/flake-parts;
            inputs = {
              inherit flake-parts nix-seed;
              nixpkgs.legacyPackages.${system} = pkgs // {
                hello = pkgs.make "hello" { };
              };
              systems.outPath = "${../../../checks/systems}";
            };
          };
        in
        template.packages.${system}.seed.name;
      expected = "hello-seed";
    };
  };
}
