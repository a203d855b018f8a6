# subjectParts :: String -> { kind :: "uri" | "mail" | "other", head :: String, host :: String, isOpen :: Bool, isPublic :: Bool,
#                             body :: String, ref :: Null | String }
#
# Why: what a subject's pattern leaves open depends on the place of its wildcards. A URI is parted as workflows are named: `https://HOST/OWNER/…@REF`. `head` is
# what comes before the first wildcard; `isOpen` says whether a wildcard may stand for the owner, or a part of it; `ref` is what follows the last `@`, `body` what comes before it.
#
# Example:
#   subjectParts "https://github.com/me/app/.github/workflows/*.yaml@refs/heads/main"
#   => { kind = "uri"; host = "github.com"; isOpen = false; isPublic = true; ref = "refs/heads/main"; … }
{ }:
pattern:
let
  uri = builtins.match "([a-z][a-z0-9+.-]*)://([^/]*)(/([^/]*)(/.*)?)?" pattern;
  mail = builtins.match "([^/]*)@([A-Za-z0-9.-]+)" pattern;
  atEnd = builtins.match "(.*)@([^@]*)" pattern;
  at = index: if builtins.elemAt uri index == null then "" else builtins.elemAt uri index;
  host = at 1;
  owner = at 3;
in
{
  kind =
    if uri != null then
      "uri"
    else if mail != null then
      "mail"
    else
      "other";
  head = builtins.head (builtins.split "[*]" pattern);
  host = if uri != null then host else if mail != null then builtins.elemAt mail 1 else "";
  isOpen = owner == "" || builtins.replaceStrings [ "*" ] [ "" ] owner != owner;
  # Anybody may have a place there.
  isPublic = builtins.elem host [
    "bitbucket.org"
    "buildkite.com"
    "codeberg.org"
    "g.codefresh.io"
    "git.sr.ht"
    "github.com"
    "gitlab.com"
  ];
  body = if atEnd == null then pattern else builtins.head atEnd;
  ref = if atEnd == null then null else builtins.elemAt atEnd 1;
}
