# sourceUri :: String -> { value :: String } | { faults :: [ String ] }
#
# Why: a repository has many addresses, and statements on it are compared as texts: so there is one form, `git+https://HOST/PATH`, and what
# people write becomes that. It is a name, from which nobody fetches: it has no user, no branch and no `.git`. A flake in a folder of the repository has
# `?dir=FOLDER`. Only what can be had by ssh alone is `git+ssh://HOST/PATH`.
#
# Example:
#   sourceUri "github:owner/app"               => { value = "git+https://github.com/owner/app"; }
#   sourceUri "git@github.com:owner/app.git"   => { value = "git+https://github.com/owner/app"; }
#   sourceUri "github:owner/app/main"          => { faults = [ "names a branch, a tag or a commit …" ]; }
{
  describe,
  lowerCase,
  urlOf,
}:
text:
let
  refused = fault: { faults = [ fault ]; };
  partsOf = separator: text: builtins.filter builtins.isString (builtins.split separator text);
  dropEnd =
    end: text:
    let
      rest = builtins.stringLength text - builtins.stringLength end;
    in
    if rest >= 0 && builtins.substring rest (-1) text == end then builtins.substring 0 rest text else text;

  # `github:owner/app`, as Nix has it.
  forges = {
    github = "github.com";
    gitlab = "gitlab.com";
    sourcehut = "git.sr.ht";
  };
  forge = builtins.match "(github|gitlab|sourcehut):([^?#]*)([?]([^#]*))?(#.*)?" text;
  # `git@example.org:owner/app`, as ssh has it.
  short = builtins.match "[A-Za-z0-9._-]+@([A-Za-z0-9.-]+):([^/:?#@][^:?#@]*)" text;
  # Those that serve a repository under one path, by https as well as by ssh; true: whose paths are an owner and a name.
  known = {
    "github.com" = true;
    "gitlab.com" = false;
    "codeberg.org" = true;
    "bitbucket.org" = true;
    "git.sr.ht" = true;
  };

  parametersOf =
    query:
    builtins.listToAttrs (
      map (
        parameter:
        let
          parts = builtins.match "([^=]*)=(.*)" parameter;
        in
        {
          name = if parts == null then parameter else builtins.head parts;
          value = if parts == null then "" else builtins.elemAt parts 1;
        }
      ) (builtins.filter (parameter: parameter != "") (partsOf "&" query))
    );

  isSegment = part: builtins.match "[A-Za-z0-9._~+-]+" part != null && !builtins.elem part [ "-" "." ".." ];
  # A path of good segments, each after one slash; null where it has others.
  pathOf =
    path:
    let
      parts = builtins.filter (part: part != "") (partsOf "/" path);
    in
    if parts != [ ] && builtins.all isSegment parts then builtins.concatStringsSep "/" parts else null;
  # What git lets one leave out.
  withoutGit =
    path:
    let
      shorter = dropEnd ".git" path;
    in
    if shorter == path then path else withoutGit shorter;

  revision = "names a branch, a tag or a commit: the source is the repository with all its commits; a branch belongs into a builder's `subjects`";

  # All forms end here.
  named =
    {
      scheme,
      host ? "",
      port ? "",
      path,
      query,
      allowed ? [ "dir" ],
      fragment,
    }:
    let
      parameters = parametersOf query;
      others = builtins.filter (name: !builtins.elem name allowed) (builtins.attrNames parameters);
      isRevision = builtins.any (name: parameters ? ${name}) [
        "ref"
        "rev"
        "tag"
      ];
      server = lowerCase host;
      isKnown = known ? ${server} && port' == "";
      standard = {
        https = ":443";
        ssh = ":22";
        http = ":80";
        file = "";
      };
      port' = if port == standard.${scheme} || port == ":" then "" else port;
      scheme' = if scheme == "ssh" && isKnown then "https" else scheme;
      path' = pathOf (withoutGit (dropEnd "/" path));
      segments = builtins.length (partsOf "/" path');
      folder = pathOf parameters.dir;
      octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
      isLoopback = builtins.match "localhost|127([.]${octet}){3}" server != null;
    in
    if fragment then
      refused "names an output of a flake (after the `#`): the source is the repository"
    else if isRevision then
      refused revision
    else if others != [ ] then
      refused "has the parameter ${builtins.toJSON (builtins.head others)}: a source has none but `dir`, the folder of a flake that is not at the top"
    else if scheme == "file" && host != "" then
      refused "is a file of the host ${builtins.toJSON host}: write git+file:///PATH"
    else if scheme != "file" && builtins.match "[a-z0-9]([a-z0-9.-]*[a-z0-9])?" server == null then
      refused "has no host that is one: ${describe host}"
    else if builtins.match "(:[1-9][0-9]{0,4})?" port' == null then
      refused "has no port that is one: ${describe port}"
    else if scheme == "http" && !isLoopback then
      refused "is over http, where whoever is in between can put another source in its place: write git+https://"
    else if path' == null then
      refused "has a path that is none of a repository: segments of letters, digits, `.`, `_`, `~`, `+` and `-`"
    else if isKnown && known.${server} && segments != 2 || isKnown && segments < 2 then
      refused "is not the address of a repository: ${server} has them at ${server}/OWNER/NAME"
    else if parameters ? dir && folder == null then
      refused "has a `dir` that is no folder within the repository"
    else
      {
        value = "git+${scheme'}://${server}${port'}/${path'}${if parameters ? dir then "?dir=${folder}" else ""}";
      };

  ofForge =
    let
      at = builtins.elemAt forge;
      kind = at 0;
      query = if at 3 == null then "" else at 3;
      parts = map (builtins.replaceStrings [ "%2F" "%2f" ] [ "/" "/" ]) (partsOf "/" (at 1));
    in
    if builtins.length parts > 2 then
      refused revision
    else
      named {
        scheme = "https";
        host = (parametersOf query).host or forges.${kind};
        path = builtins.concatStringsSep "/" parts;
        inherit query;
        allowed = [
          "dir"
          "host"
        ];
        fragment = at 4 != null;
      };

  url = urlOf text;
  schemes = {
    https = "https";
    "git+https" = "https";
    http = "http";
    "git+http" = "http";
    ssh = "ssh";
    "git+ssh" = "ssh";
    file = "file";
    "git+file" = "file";
  };
in
if forge != null then
  ofForge
else if url != null && schemes ? ${url.scheme} then
  let
    scheme = schemes.${url.scheme};
  in
  if url.user && scheme != "ssh" then
    refused "has a user or a password in it, which is not repeated here: a source is a name, which everybody reads"
  else
    named {
      inherit scheme;
      inherit (url)
        host
        port
        path
        query
        fragment
        ;
    }
else if short != null then
  named {
    scheme = "ssh";
    host = builtins.head short;
    path = builtins.elemAt short 1;
    query = "";
    fragment = false;
  }
else if url != null && url.user then
  refused "has a user or a password in it, which is not repeated here"
else
  refused "is ${describe text}"
