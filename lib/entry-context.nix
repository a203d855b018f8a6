# entryContext :: Entry -> Context
#
# Why: what an output needs to be built in the seed. A derivation needs its inputs, an app what its program names. A
# fixed-output derivation cannot be built offline, so what it needs is its own result.
#
# Example:
#   entryContext { sort = "derivation"; value = pkgs.hello; … }
#   => { "/nix/store/…-bash.drv" = { outputs = [ "out" ]; }; "/nix/store/…-source.tar.gz.drv" = { … }; … }
{
  contextOf,
  drvAttrs,
  isFixedOutput,
}:
entry:
let
  inherit (entry) value;
in
builtins.addErrorContext "while nix-seed read the inputs of ${entry.label}" (
  if entry.sort == "app" then
    contextOf value.program
  else if isFixedOutput entry then
    contextOf value.outPath
  else
    contextOf (drvAttrs value)
)
