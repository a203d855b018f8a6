# inputsOfContext :: Context -> [ Input ]          Input = { id :: String, path :: String, sort, root :: String }
#     sort = "output" | "source" | "closure"
#
# Why: a context names derivations and outputs; a closure is asked for by store path. `import` of a derivation's path shows its
# outputs, also where reading the .drv is forbidden, and builds nothing. `id` tells inputs apart without building a root, `path`
# is the store path that the context named, and `root` is the string, with context, that goes into a closure.
#
# A .drv that is a source by itself is dropped: evaluation in the seed writes it again, and as a root it would bring its
# outputs along. Where a string stands for the whole closure of a .drv, that is what is wanted, and it is kept.
#
# Example:
#   inputsOfContext { "/nix/store/…-zlib.drv" = { outputs = [ "dev" "out" ]; }; "/nix/store/…-src" = { path = true; }; }
#   => [ { sort = "source"; root = "/nix/store/…-src"; … } { sort = "output"; root = "/nix/store/…-zlib-dev"; … } … ]
{ }:
context:
let
  ofPath =
    path:
    let
      element = context.${path};
      isDerivation = builtins.match ".*\\.drv" path != null;
      withContext = kind: builtins.appendContext path { ${path} = kind; };
      derivation = import (withContext {
        path = true;
      });
      output = name: {
        inherit path;
        id = "${path}!${name}";
        sort = "output";
        root = "${derivation.${name}}";
      };
      source = {
        inherit path;
        id = path;
        sort = "source";
        root = withContext { path = true; };
      };
      closure = {
        inherit path;
        id = "${path}!*";
        sort = "closure";
        root = withContext { allOutputs = true; };
      };
    in
    map output (element.outputs or [ ])
    ++ (if element.path or false && !isDerivation then [ source ] else [ ])
    ++ (if element.allOutputs or false then [ closure ] else [ ]);
in
builtins.concatMap ofPath (builtins.attrNames context)
