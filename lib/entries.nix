# entries :: { self, system, outputs, exclude, filter } -> [ Entry ]
#     Entry = { path :: [ String ], label :: String, sort :: "derivation" | "app" | "throws", value :: Any }
#
# Why: the outputs that the seed is for. `filter` is asked before anything but an output's outermost shape is evaluated, so it
# can leave out what would throw.
#
# Example:
#   entries { inherit self; system = "x86_64-linux"; outputs = [ "packages" ]; exclude = [ ]; filter = path: output: true; }
#   => [ { label = "packages.x86_64-linux.default"; sort = "derivation"; … } ]
{ candidates, classify }:
{
  self,
  system,
  outputs,
  exclude,
  filter,
}:
let
  sorted = map (candidate: candidate // { sort = classify candidate.value; }) (candidates {
    inherit
      self
      system
      outputs
      exclude
      ;
  });

  # A filter that looks at an output that throws, throws too. Then the output stays, to be refused by name.
  isWanted =
    candidate:
    let
      answer = filter candidate.path candidate.value;
      caught = builtins.tryEval answer;
    in
    if candidate.sort == "throws" then !caught.success || caught.value else answer;
in
builtins.filter (
  candidate:
  candidate.sort != "skip"
  && builtins.addErrorContext "while mkSeed's `filter` looked at ${candidate.label}" (isWanted candidate)
) sorted
