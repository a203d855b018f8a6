# What must not be given to everyone: licenses of derivations, and addresses in a lock file.
{ lib }:
let
  make = import ./make.nix;
  licensed = name: license: make name { } // { meta = { inherit license; }; };
  unfree = {
    fullName = "Unfree";
    free = false;
  };
  restrictions = values: lib.licenseRestrictions (lib.derivationsBelow values);
  reasons = values: map (found: found.reason) (restrictions values);
  blob = licensed "blob-1" unfree;

  sources = nodes: lib.privateSources (builtins.toJSON { inherit nodes; });
  of = original: locked: map (found: found.reason) (sources { some = { inherit original; locked = locked // { narHash = "sha256-x"; }; }; });
  from = of { };
  url = url: from { inherit url; };
in
{
  "a license that forbids" = {
    actual = restrictions [ blob ];
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
      (licensed "e" [ (throw "no license") ])
      (licensed "e" { free = throw "no answer"; })
      (licensed "e" { free = 0; })
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
        (throw "no license")
        { free = false; fullName = throw "no name"; }
        { free = false; fullName = 7; }
      ])
    ];
    expected = [ "a: short, SPDX, unnamed, unfree, unnamed, unnamed" ];
  };
  "licenses as nixpkgs puts them together" = {
    actual =
      let
        mit = {
          free = true;
          fullName = "MIT License";
        };
        of = operator: licenses: { inherit operator licenses; licenseType = "compound"; };
      in
      map (license: reasons [ (licensed "a" license) ]) [
        (of "AND" [ mit unfree ])
        (of "OR" [ mit unfree ])
        (of "OR" [ unfree { free = false; fullName = "Other"; } ])
        (of "AND" [ mit (of "OR" [ unfree unfree ]) ])
        [ mit (of "AND" [ unfree ]) ]
        { operator = "WITH"; license = unfree; exception = mit; }
        { operator = "+"; license = unfree; }
        (of "OR" [ ])
        (of "AND" (throw "no"))
        (of "AND" [ (throw "no") mit ])
        { operator = "WITH"; }
        { operator = throw "no"; free = false; }
      ];
    expected = [
      [ "a: Unfree" ]
      [ ]
      [ "a: Unfree, Other" ]
      [ "a: Unfree, Unfree" ]
      [ "a: Unfree" ]
      [ "a: Unfree" ]
      [ "a: Unfree" ]
      [ ]
      [ ]
      [ ]
      [ ]
      [ "a: unnamed" ]
    ];
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
      restrictions (
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
      "git:secret@git.example.org:/srv/internal.git?token=secret"
      "SSH://git@[2001:db8::1]:22/internal"
    ];
    expected = [
      [ "flake input `some` over ssh: ssh://git.example.org/team/internal" ]
      [ "flake input `some` over ssh: git+ssh://git.example.org:2222/internal" ]
      [ "flake input `some` over ssh: git.example.org:team/internal.git" ]
      [ "flake input `some` over ssh: git.example.org:/srv/internal.git" ]
      [ "flake input `some` over ssh: SSH://[2001:db8::1]:22/internal" ]
    ];
  };
  "with a token, which is not repeated" = {
    actual = map url [
      "https://oauth2:secret@git.example.org/internal"
      "https://secret@git.example.org/internal"
      "HTTPS://user:sec@ret@git.example.org:8443/internal#secret"
    ];
    expected = [
      [ "flake input `some` with a token: https://git.example.org/internal" ]
      [ "flake input `some` with a token: https://git.example.org/internal" ]
      [ "flake input `some` with a token: HTTPS://git.example.org:8443/internal" ]
    ];
  };
  "a parameter may be a token, unless it is known not to be one" = {
    actual = builtins.filter (
      parameters:
      url "https://example.org/a.tar.gz?${parameters}"
      != [ "flake input `some` with a parameter that may be a token: https://example.org/a.tar.gz" ]
    ) [
      "sha=1&private_token=secret"
      "X-Amz-Signature=secret&X-Amz-Date=1"
      "sig=secret"
      "signature=secret"
      "api_key=secret"
      "secret=secret"
      "token=secret"
      "secret"
      "rev"
      "Rev=secret"
      "revision=secret"
      "%72ev=secret"
      "rev=1&&secret"
      "rev=1;token=secret"
      "?rev=1"
    ];
    expected = [ ];
  };
  "an address in flake.nix that led to another one" = {
    actual =
      map (original: of { type = "tarball"; url = original; } { type = "tarball"; url = "https://example.org/a.tar.gz?rev=1"; })
        [
          "https://user:secret@example.org/latest.tar.gz"
          "https://example.org/latest.tar.gz?key=secret"
          "https://example.org/latest.tar.gz"
        ];
    expected = [
      [ "flake input `some` with a token: https://example.org/latest.tar.gz" ]
      [ "flake input `some` with a parameter that may be a token: https://example.org/latest.tar.gz" ]
      [ ]
    ];
  };
  "of two private addresses the one that it led to" = {
    actual = of { url = "https://secret@example.org/a"; } { url = "ssh://example.org/b"; };
    expected = [ "flake input `some` over ssh: ssh://example.org/b" ];
  };
  "an address that cannot be taken apart is not repeated" = {
    actual = builtins.concatMap url [
      "https://user:sec/ret@example.org/a"
      "https://user:sec?ret@example.org/a"
      "https://user:sec#ret@example.org/a"
      "https:secret@example.org"
      "https://ex ample/secret"
      "secret@example.org"
    ];
    expected = builtins.genList (_: "flake input `some` at an address that may hold a token: it cannot be taken apart") 6;
  };
  "an address that is too long to look at" = {
    actual = url "https://example.org/${builtins.concatStringsSep "" (builtins.genList (_: "secret") 100000)}";
    expected = [ "flake input `some` at an address of more than 1000 bytes, which may hold a token" ];
  };
  "open sources" = {
    actual = builtins.concatMap from [
      { url = "https://example.org/a.tar.gz?rev=1"; }
      { url = "https://example.org/a@b.tar.gz"; }
      { url = "https://example.org:8443/a.tar.gz?narHash=sha256-x&lastModified=1&revCount=2&dir=b#c?token=d"; }
      { url = "git+https://example.org/a?submodules=1&ref=main&rev=1&"; }
      { url = "https://example.org"; }
      { url = "file:/srv/a"; }
      { url = "./a:b"; }
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
