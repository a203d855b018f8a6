# checkArguments :: Any -> { ok = true; arguments :: { … }; } | { ok = false; message :: String; }
#
# Why: Nix's own messages for a function's arguments point into our files. These name the argument, say what was expected and
# what came, and show a line to copy. What is accepted comes back with the defaults filled in.
#
# Example:
#   checkArguments { inherit pkgs self; tag = "v1"; }  => { ok = true; arguments = { tag = "v1"; maxLayers = 100; … }; }
#   checkArguments { inherit pkgs self; tags = "v1"; } => { ok = false; message = "nix-seed: mkSeed has no argument `tags`. Did you mean `tag`? …"; }
{
  arguments,
  collectProblems,
  schemaRead,
}:
let
  read = schemaRead {
    what = "mkSeed";
    called = "argument";
    type = arguments;
    example = "mkSeed { inherit pkgs; inherit (inputs) self; exclude = [ \"seed\" ]; }";
  };
in
given:
let
  parsed = read given;
  result = collectProblems (
    map (message: {
      ok = false;
      inherit message;
    }) parsed.problems
  );
in
if result.ok then
  {
    ok = true;
    arguments = parsed.value;
  }
else
  result
