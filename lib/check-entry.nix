# checkEntry :: Entry -> { ok = true; } | { ok = false; message :: String; }
#     Entry = { path :: [ String ], label :: String, sort :: "derivation" | "app" | "throws", value :: Any }
#
# Why: what a seed cannot serve is refused by its attribute path, with what to do about it. Nix lets us catch a throw or an
# assertion but not read its text, so the message says which command shows it. Any other evaluation error passes through
# with the attribute path as its context.
#
# Example:
#   checkEntry { label = "packages.x86_64-linux.broken"; sort = "derivation"; value = throw "…"; … }
#   => { ok = false; message = "nix-seed: packages.x86_64-linux.broken does not evaluate. …add it to exclude…"; }
{
  describe,
  drvAttrs,
  isStringLike,
}:
{
  path,
  label,
  sort,
  value,
}:
let
  # <kind>.<system>.<name> without the system.
  name = builtins.concatStringsSep "." ([ (builtins.head path) ] ++ builtins.tail (builtins.tail path));
  exclude = "add it to exclude: mkSeed { …; exclude = [ \"seed\" ${builtins.toJSON name} ]; }";
  refused = reason: {
    ok = false;
    message = "nix-seed: ${label} ${reason}";
  };

  attribute = if sort == "app" then "program" else "drvPath";
  # Making a string of it is what fails when a path does not exist: here, where the context names the output.
  text = builtins.tryEval (
    if isText value.${attribute} then builtins.seq "${value.${attribute}}" true else false
  );
  # A program may be a path or a derivation; Nix makes a string of it.
  isText = if sort == "app" then isStringLike else builtins.isString;
  evaluates = sort != "throws" && text.success;

  attributes = drvAttrs value;
in
if !(builtins.addErrorContext "while nix-seed evaluated ${label} (or ${exclude})" evaluates) then
  refused ''
    does not evaluate: it throws or fails an assertion.
    See why: nix eval '.#${label}.${attribute}'
    Mend it, or ${exclude}''
else if !text.value then
  refused ''
    has a `${attribute}` that has to be a string, but is ${describe value.${attribute}}.
    ${
      if sort == "app" then
        "For example: program = \"\${pkgs.hello}/bin/hello\";"
      else
        "Make it with `derivation` or with nixpkgs' functions."
    }
    Mend it, or ${exclude}''
else if sort == "app" then
  { ok = true; }
else if attributes == null then
  refused ''
    does not show what it is made of (it has no drvAttrs), so that its inputs cannot be found.
    Make it with `derivation` or with nixpkgs' functions, or ${exclude}''
else if attributes.__contentAddressed or false then
  refused ''
    is content-addressed (__contentAddressed): a seed cannot hold the realisations that it needs.
    Build it without __contentAddressed, or ${exclude}''
else if attributes.__impure or false then
  refused ''
    is impure (__impure): its result is never kept, so a seed cannot help to build it.
    Make it a fixed-output derivation, or ${exclude}''
else
  { ok = true; }
