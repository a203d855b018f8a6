# recording :: Null | Path | String -> Null | String
#
# Why: the path of a file in the flake has the hash of the whole flake in it, so that the seed would be another with each edit. A copy
# of the file alone, under one name, depends on nothing but its content.
recording:
if recording == null then
  null
else
  builtins.path {
    name = "recording.json";
    path = recording;
    recursive = false;
  }
