# What counts as the flake's own source. trees/flake is the flake; its copies are made as a flake would make them.
{ lib }:
let
  isOwn = lib.ownSource "${./trees/flake}";
  copy =
    path: arguments:
    builtins.path (
      {
        name = "source";
        inherit path;
      }
      // arguments
    );
  own = source: {
    actual = isOwn "${source}";
    expected = true;
  };
  foreign = source: {
    actual = isOwn "${source}";
    expected = false;
  };
in
{
  "the files of a folder" = {
    actual = lib.listFiles ./trees/flake;
    expected = [
      "empty"
      "flake.nix"
      "lib/src/main.c"
      "src/link.c"
      "src/main.c"
      "src/util/util.c"
      "xlib/only.c"
    ];
  };
  "the flake itself" = own ./trees/flake;
  "a filtered copy" = own (copy ./trees/flake { filter = path: _type: baseNameOf path != "flake.nix"; });
  "a folder" = own ./trees/flake/src;
  "a folder under another name" = own (copy ./trees/flake/src { });
  "a folder in a folder" = own ./trees/flake/src/util;
  "a folder whose first file is in two places" = own ./trees/flake/lib;
  "a file" = own ./trees/flake/src/main.c;
  "a file under another name" = own (copy ./trees/flake/src/main.c { name = "renamed.c"; });
  "a file read and written again" = own (builtins.toFile "x.c" (builtins.readFile ./trees/flake/src/main.c));

  "another file" = foreign (builtins.toFile "main.c" "int main() { return 1; }\n");
  "a folder with one other file" = foreign ./trees/other;
  "a folder whose name is only the end of one of the flake's" = foreign ./trees/end-of-name;
  "the flake's files in other places" = foreign ./trees/moved;
  "an empty file" = foreign (builtins.toFile "empty" "");
  "a folder of empty files" = foreign (copy ./trees/flake { filter = path: _type: baseNameOf path == "empty"; });
}
