# checkKind :: { self, system, outputs } -> String -> { ok = true; } | { ok = false; message :: String; }
#
# Why: a kind of output that is no set, or whose system is none, has no outputs that could be named. The seed would be empty without a
# word. What is one output itself, with no name of its own, is the same mistake.
#
# Example:
#   checkKind { self.packages.x86_64-linux = [ pkgs.hello ]; system = "x86_64-linux"; outputs = [ "packages" ]; } "packages"
#   => { ok = false; message = "nix-seed: packages.x86_64-linux is a list, but has to be a set. …"; }
{
  attributePath,
  classify,
  describe,
}:
{
  self,
  system,
  outputs,
}:
kind:
let
  # The formatter of a system is one output.
  isOne = kind == "formatter";
  rest = builtins.filter (other: other != kind) outputs;
  label = attributePath [
    kind
    system
  ];

  isOutput = value: builtins.elem (classify value) [ "app" "derivation" ];
  isSet = value: builtins.isAttrs value && !isOutput value;
  refused = path: value: {
    ok = false;
    message = ''
      nix-seed: ${path} is ${if classify value == "app" then "an app" else describe value}, but has to be a set.
      Write: ${label}${if isOne then "" else ".<name>"} = …;
      Mend it, or leave it out: mkSeed { …; outputs = ${
        builtins.concatStringsSep " " ([ "[" ] ++ map builtins.toJSON rest ++ [ "]" ])
      }; }'';
  };
in
builtins.addErrorContext "while nix-seed listed the flake's ${kind}.${system}" (
  if self ? ${kind} && !isSet self.${kind} then
    refused kind self.${kind}
  else if !isOne && self ? ${kind}.${system} && !isSet self.${kind}.${system} then
    refused label self.${kind}.${system}
  else
    { ok = true; }
)
