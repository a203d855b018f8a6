# buildTargets :: [ Entry ] -> [ { attribute :: String, targets :: [ String ] } ]
#
# Why: what is evaluated once need not be evaluated again to be built. Each output as Nix takes it on its command line: a derivation with all of its
# outputs; of an app whatever its program's text refers to, since no installable is a file in a store path.
#
# Example:
#   buildTargets [ { label = "packages.x86_64-linux.default"; … } ]
#   => [ { attribute = "packages.x86_64-linux.default"; targets = [ "/nix/store/…-hello.drv^*" ]; } ]
{ }:
entries:
let
  plain = builtins.unsafeDiscardStringContext;
  ofContext =
    context:
    map (
      path:
      let
        element = context.${path};
      in
      if element ? outputs then "${path}^${builtins.concatStringsSep "," element.outputs}" else path
    ) (builtins.attrNames context);
  targets =
    { sort, value, ... }:
    if sort == "app" then ofContext (builtins.getContext "${value.program}") else [ "${plain value.drvPath}^*" ];
in
map (entry: {
  attribute = entry.label;
  targets = targets entry;
}) entries
