# checkArguments :: Any -> { ok = true; arguments :: { … }; } | { ok = false; message :: String; }
#
# Why: Nix's own messages for a function's arguments point into our files. These name the argument, say what was expected and
# what came, and show a line to copy. What is accepted comes back with the defaults filled in.
#
# Example:
#   checkArguments { inherit pkgs self; tag = "v1"; }  => { ok = true; arguments = { tag = "v1"; maxLayers = 100; … }; }
#   checkArguments { inherit pkgs self; tags = "v1"; } => { ok = false; message = "nix-seed: mkSeed has no argument `tags`. …"; }
{
  arguments,
  collectProblems,
  describe,
}:
given:
let
  names = builtins.attrNames arguments;
  required = builtins.filter (name: arguments.${name}.required or false) names;
  optional = removeAttrs arguments required;

  asked = argument: ''
    Expected: ${argument.expected}.
    For example: ${argument.example}'';
  problem = message: {
    ok = false;
    inherit message;
  };

  checkName =
    name:
    if arguments ? ${name} then
      { ok = true; }
    else
      problem ''
        nix-seed: mkSeed has no argument `${name}`.
        Its arguments are: ${builtins.concatStringsSep ", " names}.
        For example: mkSeed { inherit pkgs; inherit (inputs) self; exclude = [ "seed" ]; }'';

  checkPresence =
    name:
    if given ? ${name} then
      { ok = true; }
    else
      problem ''
        nix-seed: mkSeed needs the argument `${name}`.
        ${asked arguments.${name}}'';

  checkType =
    name:
    let
      argument = arguments.${name};
      faults =
        if argument.accepts given.${name} then
          (argument.faults or (_value: [ ])) given.${name}
        else
          [ "it is ${describe given.${name}}" ];
    in
    if !(given ? ${name}) || faults == [ ] then
      { ok = true; }
    else
      problem ''
        nix-seed: mkSeed's argument `${name}` is not what it has to be: ${builtins.concatStringsSep "; " faults}.
        ${asked argument}'';

  result = collectProblems (
    map checkName (builtins.attrNames given) ++ map checkPresence required ++ map checkType names
  );
in
if !builtins.isAttrs given then
  problem ''
    nix-seed: mkSeed takes a set of arguments, but got ${describe given}.
    For example: mkSeed { inherit pkgs; inherit (inputs) self; }''
else if !result.ok then
  result
else
  {
    ok = true;
    arguments = builtins.mapAttrs (_name: argument: argument.default) optional // given;
  }
