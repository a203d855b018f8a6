# directInputs :: { entries :: [ Entry ], isOwnSource :: String -> Bool, skip :: [ String ] } -> [ { entry, inputs :: [ Input ] } ]
#
# Why: the `direct` closure. Every output's inputs are taken; what the seed's user is going to build himself is not:
#   - the result of another output of the flake (its inputs are taken anyway);
#   - a source that is made of the flake's own files: it changes with every edit, and evaluation makes it again.
# `skip` are store paths that are in the seed for another reason, such as the flake's inputs.
#
# Example:
#   directInputs { entries = [ library program ]; isOwnSource = path: false; skip = [ ]; }
#   => [ { entry = library; inputs = [ gcc … ]; } { entry = program; inputs = [ gcc … ]; /* not the library */ } ]
{
  distinctEntries,
  entryContext,
  inputsOfContext,
  isFixedOutput,
}:
{
  entries,
  isOwnSource,
  skip,
}:
let
  distinct = distinctEntries entries;
  set = names: builtins.listToAttrs (map (name: { inherit name; value = true; }) names);
  plain = builtins.unsafeDiscardStringContext;

  own = set (
    map (entry: plain entry.value.drvPath) (
      builtins.filter (entry: entry.sort == "derivation" && !isFixedOutput entry) distinct
    )
  );
  skipped = set (map plain skip);

  # Several outputs share most of their inputs: each is resolved once, and each source judged once.
  contexts = map entryContext distinct;
  known = builtins.listToAttrs (
    map
      (input: {
        name = input.id;
        value = input // {
          isWanted =
            if input.sort == "source" then
              !(skipped ? ${input.path} || isOwnSource input.root)
            else
              !(own ? ${input.path});
        };
      })
      (inputsOfContext (builtins.foldl' mergeContext { } contexts))
  );
  mergeContext =
    all: context:
    all
    // builtins.mapAttrs (
      path: element:
      let
        before = all.${path} or { };
      in
      before // element // { outputs = (before.outputs or [ ]) ++ (element.outputs or [ ]); }
    ) context;

  pair = index: {
    entry = builtins.elemAt distinct index;
    inputs = builtins.filter (input: input.isWanted) (
      map (input: known.${input.id}) (inputsOfContext (builtins.elemAt contexts index))
    );
  };
in
builtins.genList pair (builtins.length distinct)
