# flakeModule :: { lib, mkSeed, seedCfg } -> Module
#
# Why: whoever writes flakes with flake-parts sets options, which several modules may add to. `perSystem.seed` has mkSeed's arguments, and makes
# `packages.seed`; `flake.seedCfg` says whom to trust. Both are the plain functions' own: the same checks, the same derivation.
#
# `self` is handed on and not looked at, so that other outputs are had without it.
#
# Example:
#   imports = [ inputs.nix-seed.flakeModules.default ];
#   perSystem.seed.tag = "v1";
{
  lib,
  mkSeed,
  seedCfg,
}:
let
  functions = lib;
  file = ./flake-module.nix;
in
{
  _file = file;
  # Two modules may import it: it is one module.
  key = "${toString file}#flakeModules.default";
  # What imports it elsewhere is told that it is for flake-parts.
  _class = "flake";
  imports = [
    (
      {
        lib,
        flake-parts-lib,
        self,
        ...
      }:
      let
        inherit (lib) types;

        seed = types.submodule {
          options = {
            enable = lib.mkOption {
              type = types.bool;
              default = true;
              description = "Whether the flake has `packages.seed`.";
            };
          }
          // functions.moduleOptions lib functions.seedOptions;
        };

        perSystem =
          { config, pkgs, ... }:
          {
            _file = file;
            options.seed = lib.mkOption {
              type = seed;
              default = { };
              description = "The seed, `packages.seed`: one OCI image with all that is needed to build the flake's outputs offline.";
              example = lib.literalExpression "{ tag = \"v1\"; exclude = [ \"docs\" ]; }";
            };
            config.packages = lib.mkIf config.seed.enable {
              seed = mkSeed ({ inherit pkgs self; } // removeAttrs config.seed [ "enable" ]);
            };
          };

        # Null where nobody has written one. Not evaluated as options before somebody asks: a mistake in it is no mistake of other outputs.
        cfg = types.nullOr (
          types.deferredModuleWith {
            staticModules = [ { options = functions.moduleOptions lib functions.seedCfgType; } ];
          }
        );
        written =
          module:
          let
            inherit
              (lib.evalModules {
                modules = [ module ];
                prefix = [
                  "flake"
                  "seedCfg"
                ];
              })
              config
              options
              ;
          in
          # What has no definition is not there, so that seedCfg itself says what it has to be.
          seedCfg (lib.filterAttrs (name: _value: options.${name}.isDefined) config);
      in
      {
        options.perSystem = flake-parts-lib.mkPerSystemOption perSystem;
        options.flake = lib.mkOption {
          type = types.submoduleWith {
            modules = [
              {
                _file = file;
                options.seedCfg = lib.mkOption {
                  type = cfg;
                  default = null;
                  description = "Whom to trust: what is built from where, who builds it, what a signature has to show. Without it the flake has no output `seedCfg`.";
                  example = lib.literalExpression "{ source = \"github:owner/app\"; builders.ci.keys = [ ./ci.pub ]; }";
                };
              }
            ];
          };
          # An output that is null would be one that nobody has checked.
          apply =
            flake:
            if flake.seedCfg == null then
              removeAttrs flake [ "seedCfg" ]
            else
              flake // { seedCfg = written flake.seedCfg; };
        };
      }
    )
  ];
}
