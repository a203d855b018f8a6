# As much of a package set as ../pkgs.nix asks for. Every package is a derivation that is never built.
let
  system = "x86_64-linux";
  make = import ../../lib/tests/make.nix;
  packages = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = make name { };
      })
      [
        "bash"
        "bashInteractive"
        "cacert"
        "coreutils"
        "diffutils"
        "findutils"
        "gawk"
        "gitMinimal"
        "gnugrep"
        "gnused"
        "gnutar"
        "gzip"
        "nix"
      ]
  );
in
packages
// {
  inherit make;
  stdenv = make "stdenv" { } // {
    hostPlatform = {
      inherit system;
      isLinux = true;
    };
    buildPlatform.canExecute = _platform: true;
  };
  stdenvNoCC = make "stdenv-no-cc" { };
  glibc = make "glibc" { } // {
    static = make "glibc-static" { };
  };
  rustPlatform.buildRustPackage = arguments: make arguments.pname { inherit (arguments) src; };
}
