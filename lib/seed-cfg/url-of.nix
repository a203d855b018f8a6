# urlOf :: String -> Null | { scheme :: String, user :: Bool, host :: String, port :: String, path :: String, query :: String, fragment :: Bool }
#
# Why: an address has to be taken apart before it is judged. Whether it has a user is told, never which: it may be a token. `port` has its
# colon, `path` its slash; null is what is no address.
#
# Example:
#   urlOf "https://github.com/owner/app?dir=a"
#   => { scheme = "https"; user = false; host = "github.com"; port = ""; path = "/owner/app"; query = "dir=a"; fragment = false; }
{ }:
address:
let
  # The last @ before the path ends the user.
  parts = builtins.match "([A-Za-z][A-Za-z0-9+.-]*)://(([^/?#]*)@)?([^/?#@:]*)(:[0-9]*)?(/[^?#]*)?([?]([^#]*))?(#.*)?" address;
  at = index: if builtins.elemAt parts index == null then "" else builtins.elemAt parts index;
in
# The length first: the regex engine recurses over a long address.
if builtins.stringLength address > 1000 || parts == null then
  null
else
  {
    scheme = at 0;
    user = at 1 != "";
    host = at 3;
    port = at 4;
    path = at 5;
    query = at 7;
    fragment = at 8 != "";
  }
