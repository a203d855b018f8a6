# Evaluates the outputs of an edited copy of a flake, as Nix itself would: with its inputs, without a lock file, and purely.
#
# `subject` is what `seed.subject` says of the flake; `tree` is its edited copy, `info` what evaluation is to know of its commit.
# The answer has the form in which a plan is asked for (doc/helper.md, `plan`). An output that is gone is left out.
{
  subject,
  hashes,
  tree,
  info,
}:
let
  plain = builtins.unsafeDiscardStringContext;
  fetch =
    path:
    (builtins.fetchTree {
      type = "path";
      inherit path;
      narHash = hashes.${path};
    }).outPath;

  nodes = map (
    node:
    let
      source = if node.isOwn then tree else fetch node.tree;
      outPath = if node.folder == "" then source else "${source}/${node.folder}";
      sourceInfo = (if node.isOwn then info else node.info) // { outPath = source; };
      inputs = builtins.mapAttrs (_name: builtins.elemAt nodes) node.inputs;
      outputs = (import "${outPath}/flake.nix").outputs (inputs // { self = result; });
      result =
        outputs
        // sourceInfo
        // {
          inherit
            outPath
            inputs
            outputs
            sourceInfo
            ;
          _type = "flake";
        };
    in
    if node.isFlake then result else sourceInfo // { inherit outPath sourceInfo; }
  ) subject.nodes;

  find = builtins.foldl' (
    found: name:
    builtins.concatMap (
      set: if builtins.isAttrs set && set ? ${name} then [ set.${name} ] else [ ]
    ) found
  ) [ (builtins.head nodes) ];

  ofApp =
    app:
    let
      context = builtins.getContext "${app.program}";
      named = builtins.attrNames context;
    in
    {
      inputs = map (derivation: {
        inherit derivation;
        outputs = context.${derivation}.outputs or [ ];
      }) (builtins.filter (path: context.${path} ? outputs || context.${path} ? allOutputs) named);
      sources = builtins.filter (path: context.${path}.path or false) named;
    };
  evaluate =
    output:
    map (
      value:
      {
        inherit (output) label;
      }
      // builtins.addErrorContext "while evaluating ${output.label} of the edited flake" (
        if output.sort == "app" then ofApp value else { derivation = plain value.drvPath; }
      )
    ) (find output.path);
in
{
  flake = plain tree;
  outputs = builtins.concatMap evaluate subject.outputs;
}
