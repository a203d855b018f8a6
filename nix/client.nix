# The command `nix-seed`, for outside of derivations: a workspace of its own, which shares the helper's libraries.
{ rustPlatform, ... }:
let
  manifest = builtins.fromTOML (builtins.readFile ../client/Cargo.toml);
in
rustPlatform.buildRustPackage {
  pname = "nix-seed";
  inherit (manifest.workspace.package) version;
  src = import ./source.nix "nix-seed-source" [
    "client"
    "helper"
  ];
  cargoRoot = "client";
  buildAndTestSubdir = "client";
  cargoLock.lockFile = ../client/Cargo.lock;
  cargoBuildFlags = [
    "-p"
    "nix-seed"
  ];
  # The tests are for us, not for everyone who starts from a seed; checks/ runs them.
  doCheck = false;
  meta = {
    description = "Publishes Nix seeds and starts from them";
    mainProgram = "nix-seed";
  };
}
