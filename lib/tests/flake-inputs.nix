# The source trees of a flake's inputs, and what a lock file has to say of them.
{ lib }:
let
  tree = name: builtins.toFile name name;
  flake = name: inputs: {
    _type = "flake";
    outPath = tree name;
    sourceInfo.outPath = tree name;
    inherit inputs;
  };
  names =
    self: map (path: builtins.substring 33 (-1) (baseNameOf (builtins.unsafeDiscardStringContext path))) (lib.flakeInputs self);

  # a and b follow each other.
  circular =
    let
      a = flake "a" { inherit b; };
      b = flake "b" { inherit a; };
    in
    flake "self" { inherit a b; };

  lock = nodes: builtins.toJSON { inherit nodes; };
  locked = attributes: { locked = attributes; };
in
{
  "inputs of inputs" = {
    actual = names (flake "self" { a = flake "a" { b = flake "b" { }; }; });
    expected = [
      "a"
      "b"
    ];
  };
  "each tree once" = {
    actual = names (
      flake "self" {
        a = flake "a" { c = flake "c" { }; };
        b = flake "b" { c = flake "c" { }; };
      }
    );
    expected = [
      "a"
      "b"
      "c"
    ];
  };
  "one tree with different inputs" = {
    actual = names (
      flake "self" {
        a = flake "a" { c = flake "c" { }; };
        b = flake "a" { c = flake "d" { }; };
      }
    );
    expected = [
      "a"
      "c"
      "d"
    ];
  };
  "circles end" = {
    actual = names circular;
    expected = [
      "a"
      "b"
    ];
  };
  "inputs that are no flakes" = {
    actual = names (flake "self" { a.outPath = tree "a"; });
    expected = [ "a" ];
  };
  "an input inside another input's tree" = {
    actual = names (flake "self" { a.outPath = "${tree "a"}/sub"; });
    expected = [ "a" ];
  };
  "an input inside the flake itself" = {
    actual = names (flake "self" { a.outPath = "${tree "self"}/sub"; });
    expected = [ ];
  };
  "none" = {
    actual = names { outPath = tree "self"; };
    expected = [ ];
  };

  "lock: none" = {
    actual = lib.checkLock null;
    expected.ok = true;
  };
  "lock: hashes, and an input inside the flake" = {
    actual = lib.checkLock (lock {
      root = { };
      nixpkgs = locked { narHash = "sha256-x"; };
      sub = locked {
        type = "path";
        path = "./sub";
      };
    });
    expected.ok = true;
  };
  "message: lock without a hash" = {
    actual =
      (lib.checkLock (lock {
        root = { };
        local = locked {
          type = "path";
          path = "/elsewhere";
        };
        nixpkgs = locked { type = "github"; };
      })).message;
    expected = ''
      nix-seed: flake.lock has no narHash for the input `local`, so that Nix would have to fetch it in the seed, offline.
      Lock it again with Nix 2.18 or newer: nix flake update local

      nix-seed: flake.lock has no narHash for the input `nixpkgs`, so that Nix would have to fetch it in the seed, offline.
      Lock it again with Nix 2.18 or newer: nix flake update nixpkgs'';
  };
}
