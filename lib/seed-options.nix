# seedOptions :: Type
#
# Why: mkSeed's arguments as options of a module, which knows by itself whose flake it is in, and with which packages.
#
# Example:
#   seedOptions.fields ? maxLayers  => true
#   seedOptions.fields ? self       => false
{ arguments, schemaTypes }:
schemaTypes.record (
  removeAttrs arguments.fields [
    "pkgs"
    "self"
  ]
)
