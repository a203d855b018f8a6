# The flake-parts module, without a module system: what it makes of options that have their values. nix/checks.nix evaluates it with nixpkgs'.
{ mkSeed, pkgs }:
let
  functions = import ../../lib;
  seedCfg = import ../seed-cfg.nix { lib = functions; };
  trap = throw "this must not be evaluated";

  # As much of nixpkgs' `lib` as the module uses for that. Nobody asks for types.
  lib = {
    types = trap;
    mkOption = option: option;
    mkIf = condition: value: if condition then value else { };
    filterAttrs = keep: set: removeAttrs set (builtins.filter (name: !keep name set.${name}) (builtins.attrNames set));
    # Every option that is written, and no other.
    evalModules =
      { modules, ... }:
      {
        config = builtins.head modules;
        options = builtins.mapAttrs (_name: _value: { isDefined = true; }) (builtins.head modules);
      };
  };

  module =
    self:
    (builtins.head
      (import ../flake-module.nix {
        lib = functions;
        inherit mkSeed seedCfg;
      }).imports
    )
      {
        inherit lib self;
        flake-parts-lib.mkPerSystemOption = option: option;
      };
  defaults = builtins.mapAttrs (_name: option: option.default) functions.seedOptions.fields // {
    enable = true;
    # The tests of nix/ build nothing, so they cannot plan.
    closure = "direct";
  };
  packages =
    { self, pkgs }:
    seed:
    ((module self).options.perSystem {
      inherit pkgs;
      config.seed = defaults // seed;
    }).config.packages;
  flake = (module trap).options.flake.apply;

  self = {
    _type = "flake";
    outPath = "${../tests}";
    inputs = { };
    packages.x86_64-linux.default = pkgs.make "app" { };
  };
in
{
  "its seed is that of the function" = {
    actual =
      map
        (
          arguments:
          (packages { inherit self pkgs; } arguments).seed.drvPath == (mkSeed ({ inherit self pkgs; } // arguments)).drvPath
        )
        [
          { }
          {
            tag = "v1";
            maxLayers = 20;
            exclude = [ "docs" ];
            contents = [ (pkgs.make "more" { }) ];
            nixConf.cores = 2;
          }
        ];
    expected = [
      true
      true
    ];
  };
  "that there is a seed is known without the flake, and without packages" = {
    actual =
      builtins.mapAttrs (_name: seed: seed.type) (
        packages {
          self = trap;
          pkgs = trap;
        } { }
      );
    expected.seed = "derivation";
  };
  "there is none where it is not wanted" = {
    actual = packages {
      self = trap;
      pkgs = trap;
    } { enable = false; };
    expected = { };
  };
  "where nobody says whom to trust, the flake says nothing" = {
    actual = flake {
      packages = 1;
      seedCfg = null;
    };
    expected.packages = 1;
  };
  "whom to trust is what lib.seedCfg makes of it" = {
    actual =
      let
        written = {
          source = "github:owner/app";
          builders.ci.keys = [ ../../lib/seed-cfg/examples/keys/ci.pub ];
        };
      in
      (flake { seedCfg = written; }).seedCfg == seedCfg written;
    expected = true;
  };
  "a mistake in it is told where it is asked for, and nowhere else" = {
    actual =
      let
        mistaken = flake {
          packages = 1;
          seedCfg.source = 7;
        };
      in
      [
        (builtins.attrNames mistaken)
        (builtins.tryEval mistaken.seedCfg).success
      ];
    expected = [
      [
        "packages"
        "seedCfg"
      ]
      false
    ];
  };
  "it is one module, however often it is imported, and for flake-parts" = {
    actual =
      let
        it = import ../flake-module.nix {
          lib = functions;
          inherit mkSeed seedCfg;
        };
      in
      {
        inherit (it) _class;
        hasKey = builtins.isString it.key;
      };
    expected = {
      _class = "flake";
      hasKey = true;
    };
  };
}
