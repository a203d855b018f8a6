# collectProblems :: [ Result ] -> Result          Result = { ok = true; } | { ok = false; message :: String; }
#
# Why: whoever has made three mistakes wants to hear of three, not of one three times. An empty line parts the messages.
#
# Example:
#   collectProblems [ { ok = true; } { ok = false; message = "a"; } ]  => { ok = false; message = "a"; }
#   collectProblems [ ]                                                => { ok = true; }
{ }:
results:
let
  problems = builtins.filter (result: !result.ok) results;
in
if problems == [ ] then
  { ok = true; }
else
  {
    ok = false;
    message = builtins.concatStringsSep "\n\n" (map (problem: problem.message) problems);
  }
