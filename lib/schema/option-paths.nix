# optionPaths :: Type -> [ { path :: [ String ], example :: [ String ], option :: Option } ]
#
# Why: all options that a type has, those of sets within sets too, in the order of their names. Where any name may stand, `path` has what it is
# called, and `example` one that it could be.
#
# Example:
#   map (option: option.path) (optionPaths seedCfgType)
#   => [ [ "build" ] [ "build" "sandbox" ] … [ "builders" ] [ "builders" "<name>" "issuer" ] … ]
{ }:
let
  within =
    path: example: type:
    if type.kind == "record" then
      builtins.concatMap (
        name:
        let
          option = type.fields.${name};
          here = {
            path = path ++ [ name ];
            example = example ++ [ name ];
            inherit option;
          };
        in
        [ here ] ++ within here.path here.example option.type
      ) (builtins.attrNames type.fields)
    else if type.kind == "attrsOf" then
      within (path ++ [ type.called ]) (example ++ [ type.example ]) type.of
    else if type.kind == "nullOr" then
      within path example type.of
    else
      [ ];
in
within [ ] [ ]
