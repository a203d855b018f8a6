# environment :: { pkgs, lib, helper, nix, tools, nixConf } -> { programs :: [ Derivation ], roots :: [ String ], config, root }
#
# Why: what makes `podman run IMAGE nix build …` work with nothing passed in: the programs, where PATH finds them, and the few
# files outside the store that Nix, git and the C library look for.
{
  pkgs,
  lib,
  helper,
  nix,
  tools,
  nixConf,
}:
let
  certificates = "/etc/ssl/certs/ca-certificates.crt";

  programs = [
    nix
    pkgs.bash
    pkgs.coreutils
    pkgs.gitMinimal
    # An evaluation of the seed itself plans again, and so does a check of it.
    helper
  ]
  ++ tools;
  outputs = lib.unique (map lib.binOutput programs);

  text = text: {
    type = "file";
    mode = "0644";
    inherit text;
  };
  symlink = target: {
    type = "symlink";
    inherit target;
  };
  directory = mode: {
    type = "directory";
    inherit mode;
  };

  settings = lib.mergeNixConf {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    # There is no daemon and there are no build users: who runs the container builds.
    build-users-group = "";
    # Mounts and namespaces are not permitted in an ordinary container.
    sandbox = false;
    # All that is needed is here. What is not should fail at once, not after a time-out.
    substitute = false;
    flake-registry = "";
    max-jobs = "auto";
    # A checkout in CI is often dirty; that is no news.
    warn-dirty = false;
  } nixConf;
in
{
  inherit programs;

  roots = outputs ++ [ "${pkgs.cacert}" ];

  config = {
    Env = [
      "PATH=${
        builtins.concatStringsSep ":" (
          [ "/root/.nix-profile/bin" ]
          ++ map (output: "${output}/bin") outputs
          ++ [
            "/bin"
            "/usr/bin"
          ]
        )
      }"
      "HOME=/root"
      "USER=root"
      "NIX_SSL_CERT_FILE=${certificates}"
      "SSL_CERT_FILE=${certificates}"
      "GIT_SSL_CAINFO=${certificates}"
    ];
    WorkingDir = "/root";
    Cmd = [ "/bin/sh" ];
  };

  root = {
    "bin/sh" = symlink "${pkgs.bash}/bin/bash";
    "usr/bin/env" = symlink "${pkgs.coreutils}/bin/env";
    "etc/passwd" = text ''
      root:x:0:0:root:/root:/bin/sh
      nobody:x:65534:65534:nobody:/:/bin/false
    '';
    "etc/group" = text ''
      root:x:0:
      nogroup:x:65534:
    '';
    "etc/nsswitch.conf" = text ''
      passwd: files
      group: files
      hosts: files dns
    '';
    "etc/nix/nix.conf" = text (lib.renderNixConf settings);
    # A checkout that is mounted belongs to whoever checked it out, not to root.
    "etc/gitconfig" = text ''
      [safe]
      	directory = *
    '';
    ${builtins.substring 1 (-1) certificates} = symlink "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
    "root" = directory "0700";
    "tmp" = directory "1777";
    "var/tmp" = directory "1777";
    # Mount points, for a root file system that is read-only.
    "dev" = directory "0755";
    "proc" = directory "0755";
    "run" = directory "0755";
    "sys" = directory "0755";
  };
}
