# The sources of the helper and nothing else, so that a change of the documentation or of the Nix code compiles no Rust.
#
# Pure builtins: its store path can be had without nixpkgs, `nix eval --raw .#lib.helperSource`.
let
  root = ../.;
  prefix = builtins.stringLength (toString root) + 1;
  relative = path: builtins.substring prefix (-1) path;
  isHelper = path: path == "helper" || builtins.substring 0 7 path == "helper/";
in
builtins.path {
  name = "nix-seed-helper-source";
  path = root;
  filter =
    path: _type:
    let
      file = relative path;
    in
    file == "Cargo.toml" || file == "Cargo.lock" || isHelper file && baseNameOf file != "target";
}
