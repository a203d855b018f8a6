# plannedInputs :: { entries :: [ Entry ], plan :: Plan } -> { direct :: [ { entry, inputs :: [ { root } ] } ], results :: [ String ],
#                                                               reasons :: [ { path, chain } ] }
#
# Why: a plan names derivations and store paths as plain text. Here they become strings with contexts again, so that Nix knows that they
# have to be there. `entries` are those that the plan was asked for, in the same order.
#
# Example:
#   plannedInputs { entries = [ program ]; plan = builtins.fromJSON (builtins.readFile "/nix/store/…-app-seed-plan.json"); }
#   => { direct = [ { entry = program; inputs = [ { root = "/nix/store/…-gcc"; } … ]; } ]; results = [ ]; reasons = [ … ]; }
{ }:
{ entries, plan }:
let
  roots = map (
    root:
    builtins.appendContext root.path (
      if root ? derivation then
        { ${root.derivation}.outputs = [ root.output ]; }
      else
        { ${root.path}.path = true; }
    )
  ) plan.roots;
  at = builtins.elemAt roots;
in
{
  direct = builtins.genList (
    index:
    let
      output = builtins.elemAt plan.outputs index;
    in
    {
      entry = builtins.elemAt entries index;
      inputs = map (position: { root = at position; }) output.roots;
    }
  ) (builtins.length entries);
  results = map at plan.results;
  reasons = map (root: { inherit (root) path chain; }) plan.roots;
}
