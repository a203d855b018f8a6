# recordingFaults :: Path | String -> [ String ]
#
# Why: a file that is not there is most often one that git does not track: Nix does not see it then, and says so in words that do not
# mention git. A folder or a link would be an error of Nix's own, about a file that the user has not named.
#
# Example:
#   recordingFaults ./.seed.recording.json  => [ ]
#   recordingFaults ./no-such-file          => [ "there is no file …/no-such-file (in a git checkout, Nix sees …)" ]
{ }:
recording:
let
  file = builtins.unsafeDiscardStringContext (toString recording);
  type = builtins.readFileType recording;
  kinds = {
    directory = "a folder";
    symlink = "a symbolic link";
  };
in
if !builtins.pathExists recording then
  [ "there is no file ${file} (in a git checkout, Nix sees only files that git knows: git add ${baseNameOf file})" ]
else if type != "regular" then
  [ "${file} is ${kinds.${type} or "something else"}, not a file" ]
else
  [ ]
