# ociPlatform :: String -> { ok = true; os :: String, architecture :: String } | { ok = false; message :: String; }
#
# Why: an image says for which machine it is, in Go's words, not in Nix's.
#
# Example:
#   ociPlatform "aarch64-linux"  => { ok = true; os = "linux"; architecture = "arm64"; }
{ }:
system:
let
  architectures = {
    x86_64 = "amd64";
    aarch64 = "arm64";
    i686 = "386";
    powerpc64le = "ppc64le";
    riscv64 = "riscv64";
    s390x = "s390x";
  };
  parts = builtins.match "([^-]+)-(linux|darwin)" system;
  architecture = builtins.elemAt parts 0;
in
if parts != null && architectures ? ${architecture} then
  {
    ok = true;
    os = builtins.elemAt parts 1;
    architecture = architectures.${architecture};
  }
else
  {
    ok = false;
    message = ''
      nix-seed: there are no images for the system ${builtins.toJSON system}.
      Expected: linux or darwin on ${builtins.concatStringsSep ", " (builtins.attrNames architectures)}.
      For example: pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;'';
  }
