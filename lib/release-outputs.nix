# releaseOutputs :: [ Entry ] -> [ { attribute :: String, paths :: [ { name, path } ] } ]
#
# Why: a release statement names the outputs that a seed is for, with their store paths, which evaluation knows. An app has no outputs: its
# program's store path stands for it.
#
# Example:
#   releaseOutputs [ { label = "packages.x86_64-linux.default"; … } ]
#   => [ { attribute = "packages.x86_64-linux.default"; paths = [ { name = "out"; path = "/nix/store/…-hello"; } ]; } ]
{ }:
entries:
let
  plain = builtins.unsafeDiscardStringContext;
  ofApp =
    entry:
    let
      program = plain "${entry.value.program}";
      parts = builtins.match "(${builtins.storeDir}/[^/]+).*" program;
    in
    [
      {
        name = "program";
        path = if parts == null then program else builtins.head parts;
      }
    ];
  ofDerivation =
    { value, ... }:
    map (name: {
      inherit name;
      path = plain (value.${name}.outPath or value.outPath);
    }) (value.outputs or [ "out" ]);
  output = entry: {
    attribute = entry.label;
    paths = builtins.sort (a: b: a.name < b.name) (if entry.sort == "app" then ofApp entry else ofDerivation entry);
  };
in
builtins.sort (a: b: a.attribute < b.attribute) (map output entries)
