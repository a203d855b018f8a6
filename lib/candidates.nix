# candidates :: { self, system, outputs, exclude } -> [ { path :: [ String ], label :: String, value :: Any } ]
#
# Why: the flake's outputs of one system, in the order of `outputs`, without a look at any value: `value` is left unevaluated,
# and an excluded name is dropped by its name alone. Other systems and other kinds of output are never touched.
# `formatter.<system>` is one output instead of a set of them, so its path has two parts.
#
# Example:
#   candidates { inherit self; system = "x86_64-linux"; outputs = [ "packages" ]; exclude = [ "seed" ]; }
#   => [ { path = [ "packages" "x86_64-linux" "default" ]; label = "packages.x86_64-linux.default"; value = …; } ]
{ attributePath }:
{
  self,
  system,
  outputs,
  exclude,
}:
let
  isExcluded = kind: name: builtins.elem name exclude || builtins.elem "${kind}.${name}" exclude;
  candidate = path: value: {
    inherit path value;
    label = attributePath path;
  };
  ofKind =
    kind:
    let
      set = self.${kind}.${system};
      names = builtins.filter (name: !isExcluded kind name) (builtins.attrNames set);
    in
    if !(self ? ${kind}.${system}) then
      [ ]
    else if kind == "formatter" then
      if builtins.elem kind exclude then [ ] else [ (candidate [ kind system ] set) ]
    else if !builtins.isAttrs set then
      [ ]
    else
      map (
        name:
        candidate [
          kind
          system
          name
        ] set.${name}
      ) names;
in
builtins.concatMap (
  kind: builtins.addErrorContext "while nix-seed listed the flake's ${kind}.${system}" (ofKind kind)
) outputs
