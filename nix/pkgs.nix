# Everything that nix-seed takes from nixpkgs. No other file touches a package set, so this is the whole of what has to exist.
#
# Each attribute is evaluated only when it is needed: `tools` not when the user gives his own, `rustPlatform` not when he gives
# a helper.
pkgs: {
  # The system that the seed is for, and that its derivations are built on.
  inherit (pkgs.stdenv.hostPlatform) system isLinux;

  # What derivations are built with: `mkDerivation` the first, `runCommand` the second. They belong to the toolchain, even where a
  # single output uses them.
  standardEnvironments = [
    pkgs.stdenv
    pkgs.stdenvNoCC
  ];

  # What a container needs so that `nix build` runs in it: Nix; a shell and core tools; certificates; and git, which Nix calls
  # for a flake in a git checkout. The variant of git without Perl and Python is a tenth of the size.
  inherit (pkgs)
    nix
    bash
    coreutils
    cacert
    gitMinimal
    ;

  # The shell of `nix develop`. Nix takes it from the flake's input called nixpkgs, by these names; a flake without such an input
  # gets ours.
  bashInteractiveFor =
    flake:
    let
      nixpkgs = flake.inputs.nixpkgs or { };
      inherit (pkgs.stdenv.hostPlatform) system;
    in
    nixpkgs.packages.${system}.bashInteractive or nixpkgs.legacyPackages.${system}.bashInteractive
    or pkgs.bashInteractive;

  # To look around with. All of these are part of the standard environment already, so that they cost nothing.
  tools = [
    pkgs.diffutils
    pkgs.findutils
    pkgs.gawk
    pkgs.gnugrep
    pkgs.gnused
    pkgs.gnutar
    pkgs.gzip
  ];

  # Whether what is built for that system can be run where it is built.
  canExecute = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;

  # For the helper: Rust, and a C library to link into it. It has to run in a sandbox that holds nothing else.
  inherit (pkgs) rustPlatform;
  staticLibc = pkgs.glibc.static;

  # For the checks of this flake: a file that holds what a test has to say.
  inherit (pkgs) writeText;
}
