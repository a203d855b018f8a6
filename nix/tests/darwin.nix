# A seed for macOS, as far as an evaluation goes: none has been built or started on a Mac.
{ mkSeed, pkgs }:
let
  system = "aarch64-darwin";
  macos =
    removeAttrs pkgs [ "glibc" ]
    // {
      stdenv = pkgs.make "stdenv" { } // {
        hostPlatform = {
          inherit system;
          isLinux = false;
        };
      };
      rustPlatform.buildRustPackage =
        arguments: pkgs.make arguments.pname { RUSTFLAGS = arguments.env.RUSTFLAGS or "those of everybody"; };
    };
  seed = mkSeed {
    pkgs = macos;
    self = {
      _type = "flake";
      outPath = "${../tests}";
      packages = {
        x86_64-linux = throw "this must not be evaluated";
        ${system}.default = pkgs.make "app" { inherit (macos) stdenv; };
      };
      devShells.${system}.default = pkgs.make "shell" { };
    };
  };
  groups = builtins.listToAttrs (
    map (group: {
      inherit (group) name;
      value = map (builtins.substring 44 (-1)) group.roots;
    }) seed.partition
  );
in
{
  "the image is for macOS" = {
    actual = { inherit (seed.drvAttrs.seed) os architecture; };
    expected = {
      os = "darwin";
      architecture = "arm64";
    };
  };
  "its derivations are built there" = {
    actual = [
      seed.system
      seed.closure.system
      seed.layers.nix.system
      seed.tests.verify.system
    ];
    expected = builtins.genList (_index: system) 4;
  };
  "it holds what one for Linux holds" = {
    actual = groups;
    expected = {
      nix = [
        "nix"
        "bash"
        "coreutils"
        "gitMinimal"
        "nix-seed-helper"
        "diffutils"
        "findutils"
        "gawk"
        "gnugrep"
        "gnused"
        "gnutar"
        "gzip"
        "cacert"
      ];
      toolchain = [
        "stdenv"
        "bashInteractive"
      ];
    };
  };
  "the helper is not linked statically" = {
    actual = (import ../helper.nix (import ../pkgs.nix macos)).RUSTFLAGS;
    expected = "those of everybody";
  };
  "completeness is not proven there" = {
    actual = (builtins.tryEval seed.tests.complete).success;
    expected = false;
  };
}
