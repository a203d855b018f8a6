# mergeConfig :: Config -> Config -> Config
#
# Why: a user who adds one variable or label wants to keep the others: Env is merged by variable, Labels by label; every other key
# replaces the default. A new Entrypoint takes the default Cmd away, as it does in a Dockerfile: it was meant for no entrypoint.
#
# Example:
#   mergeConfig { Env = [ "HOME=/root" "USER=root" ]; Cmd = [ "/bin/sh" ]; } { Env = [ "USER=me" "LANG=C" ]; }
#   => { Env = [ "HOME=/root" "USER=me" "LANG=C" ]; Cmd = [ "/bin/sh" ]; }
{ }:
defaults: changes:
let
  variable = assignment: builtins.head (builtins.split "=" (builtins.unsafeDiscardStringContext assignment));
  merged = (defaults.Env or [ ]) ++ (changes.Env or [ ]);
  # The last assignment of a variable counts, at the place of the first.
  byVariable = builtins.groupBy variable merged;
  last = list: builtins.elemAt list (builtins.length list - 1);
  env = map (item: last byVariable.${item.key}) (
    builtins.genericClosure {
      startSet = map (assignment: { key = variable assignment; }) merged;
      operator = _item: [ ];
    }
  );
  labels = (defaults.Labels or { }) // (changes.Labels or { });
  base = if changes ? Entrypoint then removeAttrs defaults [ "Cmd" ] else defaults;
in
base
// changes
// (if merged == [ ] then { } else { Env = env; })
// (if labels == { } then { } else { Labels = labels; })
