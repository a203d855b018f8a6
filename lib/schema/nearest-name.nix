# nearestName :: [ String ] -> String -> Null | String
#
# Why: an option that is not known is most often one with a slip in it. The nearest by edits of one character (Levenshtein) is named, if it
# is near: a third of the name may be wrong, and at most three characters.
#
# Example:
#   nearestName [ "issuer" "keys" ] "isuer"  => "issuer"
#   nearestName [ "issuer" "keys" ] "colour" => null
{ }:
names: name:
let
  charactersOf = text: builtins.genList (index: builtins.substring index 1 text) (builtins.stringLength text);
  least = a: b: if a < b then a else b;
  last = list: builtins.elemAt list (builtins.length list - 1);

  # A row of the table for each character of `from`: what it takes to come from there to each beginning of `to`.
  distance =
    from: to:
    let
      wanted = charactersOf to;
      first = builtins.genList (index: index) (builtins.length wanted + 1);
      next =
        row: character:
        builtins.foldl' (
          built: index:
          let
            replaced = builtins.elemAt row index + (if builtins.elemAt wanted index == character then 0 else 1);
            removed = builtins.elemAt row (index + 1) + 1;
            added = last built + 1;
          in
          built ++ [ (least replaced (least removed added)) ]
        ) [ (builtins.head row + 1) ] (builtins.genList (index: index) (builtins.length wanted));
    in
    last (builtins.foldl' next first (charactersOf from));

  most = least 3 ((builtins.stringLength name + 2) / 3);
  # A long name is no slip, and would take long to compare.
  candidates =
    if builtins.stringLength name > 40 then
      [ ]
    else
      map (candidate: {
        inherit candidate;
        distance = distance name candidate;
      }) names;
  near = builtins.filter (candidate: candidate.distance <= most) candidates;
  nearest = builtins.foldl' (
    best: candidate: if best == null || candidate.distance < best.distance then candidate else best
  ) null near;
in
if nearest == null then null else nearest.candidate
