# Whom to trust: what is accepted, what is refused and warned of. seed-cfg/cases.json is also read by the tests of client/cfg, so that the two
# agree on every configuration in it.
{ lib }:
let
  check = lib.checkSeedCfg;
  inherit (builtins.fromJSON (builtins.readFile ./seed-cfg/cases.json)) base cases;

  holds = part: text: builtins.replaceStrings [ part ] [ "" ] text != text;
  setAt =
    path: value: set:
    if path == [ ] then
      value
    else
      set
      // {
        ${builtins.head path} = setAt (builtins.tail path) value (set.${builtins.head path} or { });
      };
  # What the check says of a case, and what it should say.
  ofCase =
    case:
    let
      cfg = builtins.foldl' (cfg: edit: setAt edit.path edit.value cfg) base case.set;
      result = check cfg;
    in
    {
      inherit (case) name;
      value =
        if case ? refused then
          {
            actual = if result.ok then "it is accepted" else if holds case.refused result.message then "refused" else result.message;
            expected = "refused";
          }
        else
          {
            # The normal form of a normal form is itself.
            actual =
              if result.ok then
                {
                  inherit (result) warnings;
                  changed = if result.cfg == cfg then [ ] else builtins.filter (name: result.cfg.${name} != cfg.${name}) (builtins.attrNames cfg);
                }
              else
                result.message;
            expected = {
              inherit (case) warnings;
              changed = [ ];
            };
          };
    };
in
builtins.listToAttrs (map ofCase cases)
