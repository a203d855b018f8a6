# standIn :: Lib -> { lib.mkFlake }
#
# Why: as much of flake-parts as its users' flakes need to have a seed, on the module system of nixpkgs, since flake-parts is no input here. It
# declares what the module adds to, in the same manner: options of each system, which become outputs, and a set of outputs that takes any name.
lib:
let
  inherit (lib) mkOption types;
  perSystemType = module: types.deferredModuleWith { staticModules = [ module ]; };

  core =
    { config, inputs, ... }:
    {
      options = {
        systems = mkOption { type = types.listOf types.str; };
        perSystem = mkOption {
          type = perSystemType (
            { system, ... }:
            {
              options.packages = mkOption {
                type = types.lazyAttrsOf types.package;
                default = { };
              };
              config._module.args.pkgs = lib.mkOptionDefault inputs.nixpkgs.legacyPackages.${system};
            }
          );
          apply =
            module: system:
            (lib.evalModules {
              modules = [ module ];
              prefix = [
                "perSystem"
                system
              ];
              specialArgs = { inherit system; };
              class = "perSystem";
            }).config;
        };
        flake = mkOption {
          type = types.submoduleWith { modules = [ { freeformType = types.lazyAttrsOf types.raw; } ]; };
        };
      };
      config = {
        perSystem = { };
        flake.packages = lib.genAttrs config.systems (system: (config.perSystem system).packages);
      };
    };
in
{
  lib.mkFlake =
    { inputs }:
    module:
    (lib.evalModules {
      modules = [
        core
        module
      ];
      specialArgs = {
        inherit inputs;
        inherit (inputs) self;
        flake-parts-lib.mkPerSystemOption = module: mkOption { type = perSystemType module; };
      };
      class = "flake";
    }).config.flake;
}
