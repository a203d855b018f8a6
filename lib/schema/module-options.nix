# moduleOptions :: Lib -> Type -> { <name> = Option; }
#
# Why: the same options for the module system of nixpkgs, and so for flake-parts and NixOS. `lib` is that of nixpkgs; it is an argument, since
# nothing else here needs it. A text's form is not part of its type: what reads the merged options says more of it than a type could.
#
# Example:
#   options.seedCfg = lib.mkOption {
#     type = lib.types.submodule { options = moduleOptions lib seedCfgType; };
#     apply = inputs.nix-seed.lib.seedCfg;
#   };
{ renderNix }:
lib:
let
  inherit (lib) types;
  moduleTypes = {
    text = _type: types.str;
    file = _type: types.either types.path types.str;
    int = type: types.ints.between type.min type.max;
    bool = _type: types.bool;
    enum = type: types.enum type.values;
    nullOr = type: types.nullOr (ofType type.of);
    listOf = type: types.listOf (ofType type.of);
    attrsOf = type: types.attrsOf (ofType type.of);
    record = type: types.submodule { options = ofFields type; };
    opaque = type: type.module types;
  };
  ofType = type: moduleTypes.${type.kind} type;
  ofOption =
    option:
    lib.mkOption (
      {
        type = ofType option.type;
        inherit (option) description;
        example = lib.literalExpression (renderNix option.example);
      }
      // (if option ? default then { inherit (option) default; } else { })
      // (if option ? defaultText then { defaultText = lib.literalMD option.defaultText; } else { })
    );
  ofFields = type: builtins.mapAttrs (_name: ofOption) type.fields;
in
ofFields
