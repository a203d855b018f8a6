# Which files may be a recording, and what is said of those that may not.
{ lib }:
let
  isAccepted = recording: {
    actual = lib.recordingFaults recording;
    expected = [ ];
  };
  says = recording: fault: {
    actual = lib.recordingFaults recording;
    expected = [ fault ];
  };
  isArgument =
    recording:
    (lib.checkArguments {
      inherit recording;
      pkgs.stdenv = { };
      self = {
        _type = "flake";
        outPath = "/flake";
      };
    }).ok;
  accepts = recording: {
    actual = isArgument recording;
    expected = true;
  };
  refuses = recording: {
    actual = isArgument recording;
    expected = false;
  };
  missing = "there is no file /none/such.json (in a git checkout, Nix sees only files that git knows: git add such.json)";
in
{
  "a file" = isAccepted ./recording.nix;
  "a file of the store" = isAccepted "${./recording.nix}";
  "a file that is not there" = says /none/such.json missing;
  "a file that is not there, as a string" = says "/none/such.json" missing;
  "a folder" = says /. "/ is a folder, not a file";
  "a symbolic link" = says ../../checks/nix "${toString ../../checks/nix} is a symbolic link, not a file";

  "accepts null" = accepts null;
  "accepts a path" = accepts ./recording.nix;
  "accepts an absolute path in a string" = accepts "${./recording.nix}";
  "refuses a relative one" = refuses ".seed.recording.json";
  "refuses an empty string" = refuses "";
  "refuses its content" = refuses "{\"version\":1,\"touched\":[]}";
  "refuses a list" = refuses [ ./recording.nix ];
  "refuses what is read already" = refuses (builtins.fromJSON "{\"version\":1}");
}
# Pure evaluation, as of a flake's checks, sees no devices.
// (
  if builtins.pathExists /dev/null then
    { "a device" = says /dev/null "/dev/null is something else, not a file"; }
  else
    { }
)
