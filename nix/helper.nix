# The helper: a program that runs inside the seed's derivations.
#
# On Linux it is linked statically. It is the builder itself, in a sandbox, and what it writes must not depend on a C library
# that the user's nixpkgs happens to have.
{
  rustPlatform,
  staticLibc,
  isLinux,
  ...
}:
let
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
in
rustPlatform.buildRustPackage (
  {
    pname = "nix-seed-helper";
    inherit (manifest.workspace.package) version;
    src = import ./helper-source.nix;
    cargoLock.lockFile = ../Cargo.lock;
    cargoBuildFlags = [
      "-p"
      "nix-seed-helper"
    ];
    # The tests are for us, not for everyone who builds a seed; checks/ runs them.
    doCheck = false;
    meta = {
      description = "Writes the layers, the database and the index of a Nix seed";
      mainProgram = "nix-seed-helper";
    };
  }
  // (
    if isLinux then
      {
        env.RUSTFLAGS = "-C target-feature=+crt-static";
        buildInputs = [ staticLibc ];
      }
    else
      { }
  )
)
