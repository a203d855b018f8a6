# planRequest :: { self :: Flake, entries :: [ Entry ], skip, own :: [ String ] } -> { flake, skip, marks, own, outputs }
#
# Why: what the helper has to know to plan the frontier, as doc/helper.md lists it under `plan`. An output is named by its .drv alone:
# the .drv files of all that it needs come along, and none of their results.
#
# `marks` are what an evaluation can know of the commit. A derivation that says one of them changes with each commit.
#
# Example:
#   planRequest { inherit self entries; skip = [ ]; own = [ ]; }
#   => { flake = "/nix/store/…-source"; marks = [ "4f1c…" ]; outputs = [ { label = "packages.x86_64-linux.default"; derivation = "/nix/store/…-hello.drv"; } ]; … }
{ contextOf }:
{
  self,
  entries,
  skip,
  own,
}:
let
  plain = builtins.unsafeDiscardStringContext;
  source = self.sourceInfo or self;
  asPath = path: builtins.appendContext path { ${path} = { path = true; }; };

  isDerivation = path: builtins.match ".*\\.drv" path != null;

  ofApp =
    entry:
    let
      context = contextOf entry.value.program;
      named = builtins.attrNames context;
    in
    {
      inherit (entry) label;
      inputs = map (path: {
        derivation = asPath path;
        # Where a string stands for the whole closure of a .drv, all its outputs are meant.
        outputs = context.${path}.outputs or [ ];
      }) (builtins.filter (path: context.${path} ? outputs || context.${path} ? allOutputs) named);
      sources = map asPath (builtins.filter (path: context.${path}.path or false && !isDerivation path) named);
    };
  ofDerivation = entry: {
    inherit (entry) label;
    derivation = builtins.unsafeDiscardOutputDependency entry.value.drvPath;
  };
in
{
  flake = "${source.outPath}";
  skip = map plain skip;
  inherit own;
  marks = map (value: plain (toString value)) (
    builtins.filter (value: builtins.isString value || builtins.isInt value) (
      map (name: source.${name} or null) [
        "rev"
        "shortRev"
        "dirtyRev"
        "dirtyShortRev"
        "narHash"
        "lastModified"
        "lastModifiedDate"
      ]
    )
  );
  outputs = map (
    entry:
    builtins.addErrorContext "while nix-seed read the inputs of ${entry.label}" (
      if entry.sort == "app" then ofApp entry else ofDerivation entry
    )
  ) entries;
}
