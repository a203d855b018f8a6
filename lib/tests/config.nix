# What goes into the image's config and into nix.conf.
{ lib }:
{
  "Env is merged by variable" = {
    actual =
      lib.mergeConfig
        {
          Env = [
            "HOME=/root"
            "USER=root"
          ];
          Cmd = [ "/bin/sh" ];
        }
        {
          Env = [
            "USER=me"
            "OPTIONS=a=b\nc"
            "LANG=C"
            "LANG=D"
          ];
        };
    expected = {
      Env = [
        "HOME=/root"
        "USER=me"
        "OPTIONS=a=b\nc"
        "LANG=D"
      ];
      Cmd = [ "/bin/sh" ];
    };
  };
  "Labels are merged by label" = {
    actual =
      lib.mergeConfig
        {
          Labels = {
            a = "1";
            b = "2";
          };
        }
        {
          Labels = {
            b = "3";
            c = "4";
          };
        };
    expected.Labels = {
      a = "1";
      b = "3";
      c = "4";
    };
  };
  "other keys are replaced" = {
    actual = lib.mergeConfig { WorkingDir = "/root"; } { WorkingDir = "/src"; };
    expected.WorkingDir = "/src";
  };
  "an entrypoint takes the default command away" = {
    actual = lib.mergeConfig { Cmd = [ "/bin/sh" ]; } { Entrypoint = [ "/bin/x" ]; };
    expected.Entrypoint = [ "/bin/x" ];
  };
  "an entrypoint keeps its own command" = {
    actual = lib.mergeConfig { Cmd = [ "/bin/sh" ]; } {
      Entrypoint = [ "/bin/x" ];
      Cmd = [ "y" ];
    };
    expected = {
      Entrypoint = [ "/bin/x" ];
      Cmd = [ "y" ];
    };
  };
  "long values do not exhaust the stack" = {
    actual =
      let
        long = "A=${builtins.concatStringsSep "" (builtins.genList (_: "0123456789") 20000)}";
      in
      (lib.mergeConfig { Env = [ "A=1" ]; } { Env = [ long ]; }).Env == [ long ];
    expected = true;
  };

  "platform" = {
    actual = map (system: removeAttrs (lib.ociPlatform system) [ "ok" ]) [
      "x86_64-linux"
      "aarch64-darwin"
    ];
    expected = [
      {
        os = "linux";
        architecture = "amd64";
      }
      {
        os = "darwin";
        architecture = "arm64";
      }
    ];
  };
  "message: no such platform" = {
    actual = (lib.ociPlatform "x86_64-freebsd").message;
    expected = ''
      nix-seed: there are no images for the system "x86_64-freebsd".
      Expected: linux or darwin on aarch64, i686, powerpc64le, riscv64, s390x, x86_64.
      For example: pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;'';
  };

  "nix.conf: settings are merged" = {
    actual = lib.mergeNixConf {
      cores = 0;
      sandbox = false;
    } { cores = 2; };
    expected = {
      cores = 2;
      sandbox = false;
    };
  };
  "nix.conf: features are added, from a list" = {
    actual = lib.mergeNixConf { experimental-features = [ "flakes" ]; } {
      experimental-features = [
        "ca-derivations"
        "flakes"
      ];
    };
    expected.experimental-features = [
      "flakes"
      "ca-derivations"
    ];
  };
  "nix.conf: features are added, from words" = {
    actual = lib.mergeNixConf { experimental-features = [ "flakes" ]; } {
      experimental-features = " ca-derivations  fetch-tree ";
    };
    expected.experimental-features = [
      "flakes"
      "ca-derivations"
      "fetch-tree"
    ];
  };
  "nix.conf: a path is that of its copy in the store" = {
    actual = lib.renderNixConf {
      diff-hook = ./config.nix;
      plugin-files = [ ./config.nix ];
    };
    expected = ''
      diff-hook = ${./config.nix}
      plugin-files = ${./config.nix}
    '';
  };
  "nix.conf: text" = {
    actual = lib.renderNixConf {
      sandbox = false;
      max-jobs = "auto";
      cores = 2;
      build-users-group = "";
      system-features = [
        "kvm"
        "big-parallel"
      ];
    };
    expected = ''
      build-users-group =
      cores = 2
      max-jobs = auto
      sandbox = false
      system-features = kvm big-parallel
    '';
  };
}
