# What `nix-seed check` is told of a flake, so that it can evaluate it again.
{ lib }:
let
  make = import ./make.nix;
  plain = builtins.unsafeDiscardStringContext;
  tree = name: builtins.toFile name name;
  flakeIn = folder: name: inputs: {
    _type = "flake";
    outPath = "${tree name}${if folder == "" then "" else "/"}${folder}";
    sourceInfo.outPath = tree name;
    inherit inputs;
  };
  flake = flakeIn "";

  subject =
    self: arguments:
    lib.subject (
      {
        inherit self;
        entries = [ ];
        own = [ ];
        nix = "/nix";
      }
      // arguments
    );
  nodes = self: (subject self { }).nodes;
  name = path: builtins.substring 33 (-1) (baseNameOf path);
  # Each node as its tree's name, and the folder in it.
  places = self: map (node: "${name node.tree}:${node.folder}") (nodes self);
  inputs = self: map (node: node.inputs) (nodes self);
  nth = position: self: builtins.elemAt (nodes self) position;
  own = self: map (node: node.isOwn) (nodes self);

  # a and b follow each other.
  circular =
    let
      a = flake "a" { inherit b; };
      b = flake "b" { inherit a; };
    in
    flake "self" { inherit a b; };

  # An input that follows the flake itself.
  rooted =
    let
      self = flake "self" { a = flake "a" { root = self; }; };
    in
    self;

  relative = flake "self" {
    a = flakeIn "sub" "self" { };
    b.outPath = "${tree "self"}/data";
    c.outPath = "${tree "other"}/data";
    d = flake "selfish" { };
  };

  info = {
    outPath = tree "self";
    rev = "4f1c";
    lastModified = 1;
    submodules = false;
    locked = { };
    inputs = [ ];
    of = tree "x";
    absent = null;
    function = value: value;
  };
  informed = {
    _type = "flake";
    outPath = tree "self";
    sourceInfo = info;
  };
  plainInfo = {
    rev = "4f1c";
    lastModified = 1;
    submodules = false;
    of = plain (tree "x");
  };
in
{
  "two folders of one source are two inputs" = {
    actual = inputs (
      flake "self" {
        a = flakeIn "a" "both" { };
        b = flakeIn "b" "both" { };
        c = flakeIn "a" "both" { };
      }
    );
    expected = [
      {
        a = 1;
        b = 2;
        c = 1;
      }
      { }
      { }
    ];
  };
  "the flake first, then its inputs and theirs" = {
    actual = places (flake "self" { b = flake "b" { c = flake "c" { }; }; a = flake "a" { }; });
    expected = [
      "self:"
      "a:"
      "b:"
      "c:"
    ];
  };
  "inputs are named by position" = {
    actual = inputs (
      flake "self" {
        a = flake "a" { };
        b = flake "b" { c = flake "a" { }; };
      }
    );
    expected = [
      {
        a = 1;
        b = 2;
      }
      { }
      { c = 1; }
    ];
  };
  "inputs that follow each other" = {
    actual = inputs circular;
    expected = [
      {
        a = 1;
        b = 2;
      }
      { b = 2; }
      { a = 1; }
    ];
  };
  "an input that follows the flake itself" = {
    actual = {
      inputs = inputs rooted;
      own = own rooted;
    };
    expected = {
      inputs = [
        { a = 1; }
        { root = 2; }
        { a = 1; }
      ];
      own = [
        true
        false
        true
      ];
    };
  };
  "one tree with different inputs" = {
    actual = inputs (
      flake "self" {
        a = flake "a" { c = flake "c" { }; };
        b = flake "a" { c = flake "d" { }; };
      }
    );
    expected = [
      {
        a = 1;
        b = 2;
      }
      { c = 3; }
      { c = 4; }
      { }
      { }
    ];
  };
  "a flake in a folder of its source" = {
    actual = places (flakeIn "nix/dev" "self" { a = flakeIn "sub" "a" { }; });
    expected = [
      "self:nix/dev"
      "a:sub"
    ];
  };
  "sources inside of others" = {
    actual = {
      places = places relative;
      own = own relative;
    };
    expected = {
      places = [
        "self:"
        "self:sub"
        "self:data"
        "other:data"
        "selfish:"
      ];
      own = [
        true
        true
        true
        false
        false
      ];
    };
  };
  "what is no flake" = {
    actual = map (node: node.isFlake) (nodes (flake "self" { a.outPath = tree "a"; }));
    expected = [
      true
      false
    ];
  };
  "a flake without inputs" = {
    actual = inputs (removeAttrs (flake "self" { }) [ "inputs" ]);
    expected = [ { } ];
  };
  "only plain values are known of a source" = {
    actual = (nth 0 informed).info;
    expected = plainInfo;
  };
  "what is no flake has what is known of it at hand" = {
    actual = (nth 1 (flake "self" { a = removeAttrs info [ "inputs" ]; })).info;
    expected = plainInfo;
  };
  "what is known of a source is not what a flake says" = {
    actual = (nth 1 (flake "self" { a = removeAttrs (flake "a" { }) [ "sourceInfo" ] // { lib = "x"; }; })).info;
    expected = { };
  };
  "outputs by path and sort, and nothing of them" = {
    actual =
      (subject (flake "self" { }) {
        entries = [
          {
            path = [
              "packages"
              "x86_64-linux"
              "a.b"
            ];
            label = "packages.x86_64-linux.\"a.b\"";
            sort = "derivation";
            value = throw "evaluated";
          }
        ];
      }).outputs;
    expected = [
      {
        path = [
          "packages"
          "x86_64-linux"
          "a.b"
        ];
        label = "packages.x86_64-linux.\"a.b\"";
        sort = "derivation";
      }
    ];
  };
  "it is text, and asks for nothing to be built" = {
    actual = builtins.getContext (builtins.toJSON (subject relative { nix = "${make "nix" { }}/bin/nix"; }));
    expected = { };
  };
}
