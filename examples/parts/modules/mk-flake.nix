# mkFlake :: { inputs } -> Module -> outputs
#
# What flake-parts does, without its option types. A module is a set, a function of { self, inputs, lib } that gives one, or a file
# that has either:
#   imports    other modules
#   systems    the systems that perSystem is asked for
#   perSystem  a function of { self, self', inputs, inputs', pkgs, lib, system } that gives `packages.<name>`, `checks.<name>` and so on
#   flake      outputs that are of no system
# The outputs of a system are transposed: `packages.default` becomes `packages.<system>.default`.
{ inputs }:
let
  inherit (inputs) self nixpkgs;
  inherit (nixpkgs) lib;

  open =
    module:
    let
      loaded = if builtins.isPath module then import module else module;
      opened = if lib.isFunction loaded then loaded { inherit self inputs lib; } else loaded;
    in
    [ opened ] ++ lib.concatMap open (opened.imports or [ ]);

  merge = lib.foldl' lib.recursiveUpdate { };

  # What a flake has for one system, without its name: `inputs'.nixpkgs.legacyPackages.hello`.
  ofSystem = system: lib.mapAttrs (_kind: output: if lib.isAttrs output then output.${system} or { } else { });
in
root:
let
  modules = open root;
  systems = lib.concatMap (module: module.systems or [ ]) modules;

  forSystem =
    system:
    let
      arguments = {
        inherit
          self
          inputs
          lib
          system
          ;
        self' = ofSystem system self;
        inputs' = lib.mapAttrs (_name: ofSystem system) inputs;
        # All of nixpkgs, and what this flake adds to it.
        pkgs = nixpkgs.legacyPackages.${system}.extend self.overlays.default;
      };
    in
    merge (map (module: module.perSystem or (_: { }) arguments) modules);

  perSystem = lib.genAttrs systems forSystem;
  # A fixed list: the names of what modules give would be asked for before there is any output.
  kinds = [
    "apps"
    "checks"
    "devShells"
    "formatter"
    "legacyPackages"
    "packages"
  ];
in
merge (map (module: module.flake or { }) modules)
// lib.genAttrs kinds (
  kind: lib.concatMapAttrs (system: outputs: lib.optionalAttrs (outputs ? ${kind}) { ${system} = outputs.${kind}; }) perSystem
)
