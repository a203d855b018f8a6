# source :: String -> [ String ] -> Path
#
# Why: the sources of a program and nothing else, so that a change of the documentation or of the Nix code compiles no Rust: the
# manifest and lock of the repository's root, and these folders of it.
#
# Pure builtins: the store path can be had without nixpkgs, `nix eval --raw .#lib.helperSource`.
name: folders:
let
  root = ../.;
  prefix = builtins.stringLength (toString root) + 1;
  relative = path: builtins.substring prefix (-1) path;
  isIn =
    path: folder:
    path == folder || builtins.substring 0 (builtins.stringLength folder + 1) path == "${folder}/";
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
    || builtins.any (isIn file) folders && baseNameOf file != "target";
}
