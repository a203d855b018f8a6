# source :: String -> [ String ] -> Path
#
# Why: the sources of a program and nothing else, so that a change of the documentation or of the Nix code compiles no Rust: the
# manifest and lock of the repository's root, and these folders and files of it.
#
# Pure builtins: the store path can be had without nixpkgs, `nix eval --raw .#lib.helperSource`.
name: parts:
let
  root = ../.;
  prefix = builtins.stringLength (toString root) + 1;
  relative = path: builtins.substring prefix (-1) path;
  isBelow = path: folder: builtins.substring 0 (builtins.stringLength folder + 1) path == "${folder}/";
  # What leads to a part is there, too.
  isOf = path: part: path == part || isBelow path part || isBelow part path;
in
builtins.path {
  inherit name;
  path = root;
  filter =
    path: _type:
    let
      file = relative path;
    in
    file == "Cargo.toml"
    || file == "Cargo.lock"
    || builtins.any (isOf file) parts && baseNameOf file != "target";
}
