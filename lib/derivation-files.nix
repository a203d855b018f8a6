# derivationFiles :: Any -> [ String ]
#
# Why: what a store path was built from is said by .drv files, which an evaluation may not read, but a builder may. These are the files of all
# derivations whose results the given strings name, as plain files: their own inputs' files come along, and no results.
#
# Example:
#   derivationFiles [ "${pkgs.hello}" ]  => [ "/nix/store/…-hello.drv" ]
{ contextOf }:
value:
let
  context = contextOf value;
  isDerivation = path: context.${path} ? outputs || context.${path} ? allOutputs;
in
map (path: builtins.appendContext path { ${path} = { path = true; }; }) (
  builtins.filter isDerivation (builtins.attrNames context)
)
