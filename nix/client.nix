# The command `nix-seed`, for outside of derivations: a workspace of its own, which shares the helper's libraries.
{ rustPlatform, canExecute, ... }:
let
  manifest = builtins.fromTOML (builtins.readFile ../client/Cargo.toml);
in
rustPlatform.buildRustPackage {
  pname = "nix-seed";
  inherit (manifest.workspace.package) version;
  src = import ./source.nix "nix-seed-source" [
    # What was released, and who released it, is part of the program.
    "action"
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
  # The program writes its completions and manual pages itself, so they are there where the builder can run it.
  postInstall =
    if canExecute then
      ''
        mkdir -p $out/share/bash-completion/completions $out/share/zsh/site-functions $out/share/fish/vendor_completions.d $out/share/man/man1
        $out/bin/nix-seed completions bash >$out/share/bash-completion/completions/nix-seed
        $out/bin/nix-seed completions zsh >$out/share/zsh/site-functions/_nix-seed
        $out/bin/nix-seed completions fish >$out/share/fish/vendor_completions.d/nix-seed.fish
        $out/bin/nix-seed man --out $out/share/man/man1
      ''
    else
      "";
  meta = {
    description = "Publishes Nix seeds and starts from them";
    mainProgram = "nix-seed";
  };
}
