# privateSources :: Null | String -> [ { narHash :: String, reason :: String } ]
#
# Why: what came over ssh, or with a token in its address, is not for everyone, and a seed holds the sources of all inputs. An input has two
# addresses: the one in flake.nix (`original`), and the one that it led to (`locked`). Nobody knows the names of all parameters that are tokens;
# so those count that Nix and the archives of forges do not give a harmless meaning. Whether Nix took a token from its settings
# (`access-tokens`) is not known to an evaluation. The argument is the text of flake.lock, null if there is none.
#
# Nothing secret is repeated: of an address, user, password, parameters and fragment are left out, and all of one that cannot be taken apart.
#
# Example:
#   privateSources (builtins.readFile ./flake.lock)
#   => [ { narHash = "sha256-…"; reason = "flake input `internal` over ssh: ssh://git.example.org/internal"; } ]
{ shorten }:
text:
let
  nodes = if text == null then { } else (builtins.fromJSON text).nodes or { };

  # Scheme, user, host and port, path, parameters. The last @ before the path ends the user, as for curl.
  url = builtins.match "([A-Za-z0-9+.-]+)://(([^/?#]*)@)?([^/?#@]*)(/[^?#]*)?([?]([^#]*))?(#.*)?";
  # `git@example.org:path`, as ssh itself writes it.
  short = builtins.match "(([^/?#]*)@)?([A-Za-z0-9._-]+):([^?#@]*)([?#].*)?";
  isPath = builtins.match "([a-z]+[+])?file:/[^?#]*|[./].*|[^:@?#]*";
  host = builtins.match "([A-Za-z0-9._~-]*|[[][0-9A-Fa-f:.]+[]])(:[0-9]*)?";

  # Of Nix' fetchers and of flake references; `sha` is how GitLab names a revision.
  harmless = [
    "allRefs"
    "branch"
    "dir"
    "dirtyRev"
    "dirtyShortRev"
    "exportIgnore"
    "flake"
    "host"
    "keytype"
    "lastModified"
    "lfs"
    "name"
    "narHash"
    "publicKey"
    "publicKeys"
    "ref"
    "rev"
    "revCount"
    "sha"
    "shallow"
    "submodules"
    "tag"
    "treeHash"
    "type"
    "unpack"
    "verifyCommit"
  ];
  isHarmless =
    parameter:
    let
      startsWith = prefix: builtins.substring 0 (builtins.stringLength prefix) parameter == prefix;
    in
    parameter == "" || builtins.any (name: startsWith "${name}=") harmless;
  parametersOf = query: builtins.filter builtins.isString (builtins.split "[&;]" query);

  # What is private about an address; null where nothing is.
  whatOf =
    address:
    let
      parts = url address;
      at = builtins.elemAt parts;
      orEmpty = text: if text == null then "" else text;
      scheme = at 0;
      bare = "${scheme}://${at 3}${orEmpty (at 4)}";
      shortParts = short address;
    in
    # The length first: the regex engine recurses over a long address.
    if builtins.stringLength address > 1000 then
      "at an address of more than 1000 bytes, which may hold a token"
    else if parts != null && host (at 3) != null then
      if builtins.match "(.*[+])?[Ss][Ss][Hh]([+].*)?" scheme != null then
        "over ssh: ${bare}"
      else if at 2 != null then
        "with a token: ${bare}"
      else if !builtins.all isHarmless (parametersOf (orEmpty (at 6))) then
        "with a parameter that may be a token: ${bare}"
      else
        null
    else if isPath address != null then
      null
    else if shortParts != null && builtins.substring 0 2 (builtins.elemAt shortParts 3) != "//" then
      "over ssh: ${builtins.elemAt shortParts 2}:${builtins.elemAt shortParts 3}"
    else
      "at an address that may hold a token: it cannot be taken apart";

  check =
    name:
    let
      node = nodes.${name};
      addresses = builtins.filter builtins.isString [
        (node.locked.url or null)
        (node.original.url or null)
      ];
      found = builtins.filter (what: what != null) (map whatOf addresses);
    in
    if found == [ ] || !(node ? locked.narHash) then
      [ ]
    else
      [
        {
          inherit (node.locked) narHash;
          reason = shorten "flake input `${name}` ${builtins.head found}";
        }
      ];
in
builtins.concatMap check (builtins.attrNames nodes)
