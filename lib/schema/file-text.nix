# fileText :: Int -> String | Path -> { text :: String, which :: String } | { fault :: String }
#
# Why: keys and roots of trust lie in files as often as in texts. A path, or a string that is one from the root on, is read while the flake is
# evaluated; anything else is the text itself. `which` begins what is said of the content. A result of a derivation is refused: whom to trust
# has to be known before anything is built.
#
# Example:
#   fileText 4096 "-----BEGIN PUBLIC KEY-----\n…"  => { text = "-----BEGIN PUBLIC KEY-----\n…"; which = ""; }
#   fileText 4096 ./ci.pub                         => { text = "…"; which = "is the file …/ci.pub, which "; }
{ describe }:
most: value:
let
  isFile = builtins.isPath value || builtins.substring 0 1 value == "/";
  plain = builtins.unsafeDiscardStringContext;
  name = plain (toString value);
  context = builtins.attrValues (builtins.getContext value);
  isBuilt = builtins.isString value && builtins.any (of: of ? outputs || of ? allOutputs) context;
  type = builtins.readFileType value;
  kinds = {
    directory = "a folder";
    symlink = "a symbolic link";
  };
  content = plain (builtins.readFile value);
  length = toString (builtins.stringLength content);
in
if isBuilt then
  { fault = "is the result of a derivation: whom to trust has to be known before anything is built"; }
else if !isFile then
  if builtins.stringLength value > most then
    { fault = "is ${describe value}, more than ${toString most}"; }
  else
    {
      text = plain value;
      which = "";
    }
else if !builtins.pathExists value then
  {
    fault = "is the file ${name}, which is not there (in a git checkout, Nix sees only files that git knows: git add ${baseNameOf name})";
  }
else if type != "regular" then
  { fault = "is ${name}, which is ${kinds.${type} or "something else"}, not a file"; }
else if builtins.stringLength content > most then
  { fault = "is the file ${name}, which has ${length} bytes, more than ${toString most}"; }
else
  {
    text = content;
    which = "is the file ${name}, which ";
  }
