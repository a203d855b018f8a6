# subjectWarnings :: { source :: String } -> String -> [ String ]
#
# Why: some patterns are wider than whoever wrote them thinks. That may be meant, so it is said, not refused. `source` is in its normal form.
#
# Example:
#   subjectWarnings { source = "git+https://github.com/me/app"; } "https://github.com/me/app/.github/workflows/a.yaml@*"
#   => [ "allows any branch and tag: whoever may push one signs as this builder; write @refs/heads/BRANCH" ]
{ subjectParts, urlOf }:
{ source }:
pattern:
let
  parts = subjectParts pattern;
  address = urlOf source;
  holds = part: text: builtins.replaceStrings [ part ] [ "" ] text != text;
  begins = part: text: builtins.substring 0 (builtins.stringLength part) text == part;
  only = condition: warning: if condition then [ warning ] else [ ];

  isForge = parts.host == "github.com" || parts.host == "gitlab.com";
  isWorkflow = isForge || holds "/.github/workflows/" pattern || holds "/.gitlab-ci.yml" pattern;

  # How subjects of the source's own workflows begin.
  own = "https://${address.host}${address.port}${address.path}/";
  isThere = parts.kind == "uri" && parts.host == "${address.host}${address.port}";

  # What names a branch or a tag, without what all of them have in common.
  rest = builtins.match "(refs/)?((heads|tags|pull)/)?(.*)" parts.ref;
  isOpenRef =
    holds "*" parts.ref && (begins "*" parts.ref || builtins.replaceStrings [ "*" "/" ] [ "" "" ] (builtins.elemAt rest 3) == "");

  place =
    if parts.kind == "uri" && holds "*" pattern && parts.isOpen then
      [ "allows everything on ${parts.host}: name the owner, and end it with a `/`" ]
    else if !isThere || begins own pattern then
      [ ]
    else if begins parts.head own then
      only (holds "*" pattern) "allows other repositories than the source's (${own}…)"
    else
      [
        "is of another repository than the source (${own}…): everybody whose workflow calls one of there signs as this builder, if it may be called"
      ];

  ref =
    if parts.kind != "uri" || !isWorkflow && parts.ref == null then
      [ ]
    else if parts.ref == null && holds "**" pattern then
      [ "names no branch or tag: whoever may push one signs as this builder; write …@refs/heads/BRANCH" ]
    else if parts.ref == null then
      [ "names no branch or tag, but subjects of workflows end in one: it matches none; write …@refs/heads/BRANCH" ]
    else if holds "**" parts.body then
      [
        "has a `**` before its `@`, which matches an `@` too: a branch that is called x@refs/heads/BRANCH is let in; write `*`, which matches neither `@` nor `/`"
      ]
    else
      only isOpenRef "allows any branch and tag: whoever may push one signs as this builder; write …@refs/heads/BRANCH";
in
if parts.kind == "mail" then
  only (holds "*" pattern) "allows everybody who has an address at ${parts.host}"
else
  place ++ ref
