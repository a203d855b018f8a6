# privateSources :: Null | String -> [ { narHash :: String, reason :: String } ]
#
# Why: what came over ssh, or with a token in its address, is not for everyone, and a seed holds the sources of all inputs. Whether Nix
# took a token from its settings (`access-tokens`) is not known to an evaluation. The argument is the text of flake.lock, null if
# there is none. Nothing secret is repeated: of an address, user, password and parameters are left out.
#
# Example:
#   privateSources (builtins.readFile ./flake.lock)
#   => [ { narHash = "sha256-…"; reason = "flake input `internal` over ssh: ssh://git.example.org/internal"; } ]
{ shorten }:
text:
let
  nodes = if text == null then { } else (builtins.fromJSON text).nodes or { };

  # Scheme, user, host and path, parameters.
  parts = address: builtins.match "([a-z0-9+.-]+)://(([^/@]*)@)?([^?#]*)(.*)" address;
  # `git@example.org:path`, as ssh itself writes it.
  short = address: builtins.match "(([^/:@]*)@)?([^/:@]+:[^/].*)" address;

  check =
    name:
    let
      locked = nodes.${name}.locked or { };
      address = locked.url or "";
      url = parts address;
      scheme = builtins.elemAt url 0;
      isSsh = builtins.match "(.*[+])?ssh" scheme != null;
      hasUser = builtins.elemAt url 2 != null;
      hasToken = builtins.match ".*[?&](access_token|private_token|job_token|token|auth|key|password)=.*" (builtins.elemAt url 4) != null;
      source = how: bare: {
        inherit (locked) narHash;
        reason = shorten "flake input `${name}` ${how}: ${bare}";
      };
      bare = "${scheme}://${builtins.elemAt url 3}";
    in
    if !(locked ? narHash) then
      [ ]
    else if url == null then
      if short address == null then [ ] else [ (source "over ssh" (builtins.elemAt (short address) 2)) ]
    else if isSsh then
      [ (source "over ssh" bare) ]
    else if hasUser || hasToken then
      [ (source "with a token" bare) ]
    else
      [ ];
in
builtins.concatMap check (builtins.attrNames nodes)
