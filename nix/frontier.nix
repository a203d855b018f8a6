# frontier :: { step, lib, name, self, entries, inputs, own } -> { plan :: Derivation, direct, results, reasons }
#
# Why: which store paths the flake's own derivations are built from is known only to who reads all .drv files, which an evaluation may not.
# So a derivation reads them: the helper gets the .drv files of all outputs, and none of their results, and its answer is read back. That is the
# one import-from-derivation of a seed.
{
  step,
  lib,
  name,
  self,
  entries,
  inputs,
  own,
}:
let
  distinct = lib.distinctEntries entries;
  derivation = step {
    name = "${name}-plan.json";
    request = {
      step = "plan";
    }
    // lib.planRequest {
      inherit self;
      entries = distinct;
      skip = inputs;
      inherit own;
    };
  };
  plan = builtins.addErrorContext
    "while nix-seed planned what the flake's own derivations are built from. This imports from a derivation; where that is not allowed (allow-import-from-derivation = false), write mkSeed { …; closure = \"direct\"; }"
    (builtins.fromJSON (builtins.readFile "${derivation}"));
  orThrow = import ./or-throw.nix;
  planned = builtins.seq (orThrow (lib.collectProblems (map lib.checkRefusal plan.refused))) (
    lib.plannedInputs {
      entries = distinct;
      inherit plan;
    }
  );
in
{
  # To look at, also where something is refused, and before anything is imported.
  plan = derivation;
  inherit (planned) direct results reasons;
}
