# configFaults :: { … } -> [ String ]
#
# Why: a config is a nest of lists and sets: whoever wrote one wants to hear which part of it is wrong.
#
# Example:
#   configFaults { User = 0; }  => [ "config.User: it is the integer 0, not a string" ]
#   configFaults { user = ""; } => [ "config.user is not a key of it" ]
{ attributePath, configKeys }:
config:
let
  faultsOfKey =
    key:
    let
      at = attributePath [
        "config"
        key
      ];
    in
    if configKeys ? ${key} then
      map (fault: "${at}: ${fault}") (configKeys.${key} config.${key})
    else
      [ "${at} is not a key of it" ];
in
builtins.concatMap faultsOfKey (builtins.attrNames config)
