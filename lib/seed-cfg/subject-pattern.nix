# subjectPattern :: String -> { value :: String } | { faults :: [ String ] }
#
# Why: a pattern says who is believed, so one that lets strangers in is no pattern. A wildcard may stand for what the owner of a place decides (a
# workflow, a branch), never for whose place it is. What is merely wide is a warning: subjectWarnings.
#
# Example:
#   subjectPattern "https://github.com/me/app/.github/workflows/*.yaml@refs/heads/main"  => { value = "…"; }
#   subjectPattern "**"  => { faults = [ "is \"**\", which names neither …" ]; }
{ describe, subjectParts }:
pattern:
let
  parts = subjectParts pattern;
  holds = part: text: builtins.replaceStrings [ part ] [ "" ] text != text;
  begins = part: builtins.substring 0 (builtins.stringLength part) pattern == part;
  refused = why: { faults = [ "is ${describe pattern}, ${why}" ]; };
in
if builtins.match "[!-~]+" pattern == null then
  refused "which is empty or has a blank or another character that no subject has"
else if begins "repo:" || begins "project_path:" || begins "organization:" then
  refused "which is the token's `sub`: a certificate's subject is another, as https://github.com/OWNER/NAME/.github/workflows/FILE@refs/heads/BRANCH"
else if holds "***" pattern then
  refused "which has three `*` in a row: `*` is any run of characters but `/` and `@`, `**` any run of characters"
else if !holds "*" pattern then
  { value = pattern; }
else if parts.kind == "other" then
  refused "which matches anybody: before a wildcard, name the place (https://HOST/OWNER/), or after it the domain of addresses (@DOMAIN)"
else if parts.kind == "mail" && holds "**" pattern then
  refused "which matches anybody's workflows too, on a branch that is called x@${parts.host}: write `*`, which matches no `/`"
else if parts.kind == "uri" && (parts.host == "" || holds "*" parts.host) then
  refused "which leaves the host open, so that anybody may have one that matches"
else if parts.kind == "uri" && parts.isPublic && parts.isOpen then
  refused "which leaves open whose place on ${parts.host} it is, where anybody may have one: name the owner, and end it with a `/`"
else
  { value = pattern; }
