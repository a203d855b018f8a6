# What must not be given to everyone: licenses of derivations, and addresses in a lock file.
{ lib }:
let
  make = import ./make.nix;
  licensed = name: license: make name { } // { meta = { inherit license; }; };
  unfree = {
    fullName = "Unfree";
    free = false;
  };
  reasons = values: map (found: found.reason) (lib.licenseRestrictions values);
  blob = licensed "blob-1" unfree;

  sources = nodes: lib.privateSources (builtins.toJSON { inherit nodes; });
  from = locked: map (found: found.reason) (sources { some.locked = locked // { narHash = "sha256-x"; }; });
  url = url: from { inherit url; };
in
{
  "a license that forbids" = {
    actual = lib.licenseRestrictions [ blob ];
    expected = [
      {
        path = builtins.unsafeDiscardStringContext blob.outPath;
        reason = "blob-1: Unfree";
      }
    ];
  };
  "licenses that permit, or say nothing" = {
    actual = reasons [
      (licensed "a" { free = true; })
      (licensed "b" (unfree // { redistributable = true; }))
      (licensed "c" "MIT")
      (licensed "d" [ ])
      (licensed "e" (throw "no license"))
      (make "f" { })
      "g"
      null
    ];
    expected = [ ];
  };
  "one of several licenses, and the names that licenses have" = {
    actual = reasons [
      (licensed "a" [
        { free = true; }
        { redistributable = false; shortName = "short"; }
        { free = false; spdxId = "SPDX"; }
        { free = false; }
        "unfree"
      ])
    ];
    expected = [ "a: short, SPDX, unnamed, unfree" ];
  };
  "reasons that are longer than the index allows" = {
    actual =
      let
        long = builtins.concatStringsSep "" (builtins.genList (_: "é") 300);
        ofUrl = builtins.head (url "ssh://git.example.org/${long}");
      in
      {
        license = reasons (licensed "a" (unfree // { fullName = "x ${long}"; }));
        source = ofUrl;
      };
    expected = {
      license = [ "a: x …" ];
      source = "flake input `some` over ssh: ssh://git.example.org/…";
    };
  };
  "every output" = {
    actual = map (found: builtins.substring 43 (-1) found.path) (
      lib.licenseRestrictions (
        make "blob" {
          outputs = [
            "out"
            "lib"
          ];
        }
        // {
          meta.license = unfree;
        }
      )
    );
    expected = [
      "-blob"
      "-blob-lib"
    ];
  };
  "a package below others, in lists and in structured attributes" = {
    actual = reasons [
      (make "app" {
        inputs = [
          (make "library" {
            __structuredAttrs = true;
            env.BLOB = blob;
          })
        ];
      })
    ];
    expected = [ "blob-1: Unfree" ];
  };
  "a set that stands for a string is not looked into" = {
    actual = reasons [
      (make "app" {
        __structuredAttrs = true;
        src = {
          outPath = "/none";
          inherit blob;
        };
      })
    ];
    expected = [ ];
  };
  "packages that need each other's outputs end" = {
    actual = reasons (make "app" { a = make "a" { inherit blob; }; b = make "b" { inherit blob; }; });
    expected = [ "blob-1: Unfree" ];
  };

  "over ssh" = {
    actual = map url [
      "ssh://git@git.example.org/team/internal"
      "git+ssh://git.example.org:2222/internal?ref=main"
      "git@git.example.org:team/internal.git"
    ];
    expected = [
      [ "flake input `some` over ssh: ssh://git.example.org/team/internal" ]
      [ "flake input `some` over ssh: git+ssh://git.example.org:2222/internal" ]
      [ "flake input `some` over ssh: git.example.org:team/internal.git" ]
    ];
  };
  "with a token, which is not repeated" = {
    actual = map url [
      "https://oauth2:secret@git.example.org/internal"
      "https://secret@git.example.org/internal"
      "https://git.example.org/internal.tar.gz?sha=1&private_token=secret"
    ];
    expected = [
      [ "flake input `some` with a token: https://git.example.org/internal" ]
      [ "flake input `some` with a token: https://git.example.org/internal" ]
      [ "flake input `some` with a token: https://git.example.org/internal.tar.gz" ]
    ];
  };
  "open sources" = {
    actual = builtins.concatMap from [
      { url = "https://example.org/a.tar.gz?rev=1"; }
      { url = "https://example.org/a@b.tar.gz"; }
      { url = "git://example.org/a"; }
      { url = "file:///srv/a"; }
      { url = "/srv/a"; }
      {
        type = "github";
        owner = "NixOS";
        repo = "nixpkgs";
      }
      {
        type = "path";
        path = "/srv/a";
      }
    ];
    expected = [ ];
  };
  "the input is known by its hash" = {
    actual = map (source: source.narHash) (sources {
      root = { };
      some.locked = {
        url = "ssh://example.org/a";
        narHash = "sha256-y";
      };
    });
    expected = [ "sha256-y" ];
  };
  "no lock file" = {
    actual = lib.privateSources null;
    expected = [ ];
  };
}
