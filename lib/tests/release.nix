# What a release statement says, as far as evaluation knows it.
{ lib }:
let
  tree = name: builtins.toFile name name;
  flake = name: inputs: {
    _type = "flake";
    outPath = tree name;
    sourceInfo = {
      outPath = tree name;
      narHash = "sha256-${name}";
    };
    inherit inputs;
  };
  names = self: map (input: input.name) (lib.namedInputs self);
  systems = flake "systems" { };
  nixpkgs = flake "nixpkgs" { inherit systems; };
  # a and b follow each other.
  circular =
    let
      a = flake "a" { inherit b; };
      b = flake "b" { inherit a; };
    in
    flake "self" { inherit a b; };

  git = info: flake "self" { } // { sourceInfo = { outPath = tree "self"; narHash = "sha256-self"; } // info; };
  source =
    info: uri: told:
    lib.releaseSource {
      self = git info // (if uri == null then { } else { seedCfg.source = uri; });
      inherit told;
    };
  drv = name: outputs: {
    label = "packages.x86_64-linux.${name}";
    sort = "derivation";
    value = {
      inherit outputs;
      outPath = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-${name}";
    }
    // builtins.listToAttrs (
      map (output: {
        name = output;
        value.outPath = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-${name}-${output}";
      }) outputs
    );
  };
in
{
  "inputs have the shortest name that leads to them" = {
    actual = names (flake "self" { inherit nixpkgs; other = flake "other" { inherit nixpkgs; }; });
    expected = [
      "nixpkgs"
      "nixpkgs/systems"
      "other"
    ];
  };
  "inputs that go round in circles are named once" = {
    actual = names circular;
    expected = [
      "a"
      "b"
    ];
  };
  "the flake's own tree is no input" = {
    actual =
      let
        self = flake "self" { sub = flake "self" { }; inherit systems; };
      in
      names self;
    expected = [ "systems" ];
  };
  "an input has its hash, and its commit where it has one" = {
    actual = lib.namedInputs (
      flake "self" {
        a = flake "a" { };
        b.outPath = tree "b";
        b.narHash = "sha256-b";
        b.rev = "4f1c";
      }
    );
    expected = [
      {
        name = "a";
        narHash = "sha256-a";
      }
      {
        name = "b";
        narHash = "sha256-b";
        rev = "4f1c";
      }
    ];
  };

  "a source is a repository, a commit, a tree and a lock file" = {
    actual = map ({ uri, told }: source { rev = "4f1c"; } uri told) [
      {
        uri = "git+https://example.org/app";
        told = null;
      }
      {
        uri = null;
        told = "git+https://example.org/app";
      }
      {
        uri = "git+https://example.org/app";
        told = "git+https://example.org/app";
      }
    ];
    expected = builtins.genList (_number: {
      ok = true;
      source = {
        uri = "git+https://example.org/app";
        commit = "4f1c";
        narHash = "sha256-self";
        lock = null;
      };
    }) 3;
  };
  "whoever builds a flake says nothing else than it does" = {
    actual = source { rev = "4f1c"; } "git+https://example.org/app" "git+https://example.org/fork";
    expected = {
      ok = false;
      message = "nix-seed: the flake says in its seedCfg that it is of git+https://example.org/app, and whoever builds it that it is of git+https://example.org/fork.";
    };
  };
  "a source without a repository and without a commit is refused, with both" = {
    actual = source { dirtyRev = "4f1c-dirty"; } null null;
    expected = {
      ok = false;
      message = ''
        nix-seed: a release says which repository it is of, and the flake does not.
        Say so in its outputs: seedCfg = inputs.nix-seed.lib.seedCfg { source = "git+https://github.com/me/app"; … };

        nix-seed: a release says which commit it is of, and this source has none: files differ from 4f1c-dirty.
        Commit what has changed, and take the flake from its git repository: nix build .#seed.release'';
    };
  };

  "an output is built by its derivation, an app by what its program's text refers to" = {
    actual =
      let
        hello = derivation {
          name = "hello";
          system = "x86_64-linux";
          builder = "/bin/sh";
          outputs = [
            "out"
            "bin"
          ];
        };
        plain = builtins.unsafeDiscardStringContext;
        entry = label: sort: value: { inherit label sort value; };
        targets = lib.buildTargets [
          (entry "packages.x86_64-linux.a" "derivation" hello)
          (entry "apps.x86_64-linux.a" "app" { program = "${hello.bin}/bin/hello"; })
          (entry "apps.x86_64-linux.b" "app" { program = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-run/bin/run"; })
        ];
      in
      map ({ targets, ... }: map (builtins.replaceStrings [ (plain hello.drvPath) ] [ "hello.drv" ]) targets) targets;
    expected = [
      [ "hello.drv^*" ]
      [ "hello.drv^bin" ]
      [ ]
    ];
  };

  "outputs are named with all their store paths, sorted" = {
    actual = lib.releaseOutputs [
      (drv "b" [
        "out"
        "dev"
      ])
      (drv "a" [ "out" ])
      {
        label = "apps.x86_64-linux.run";
        sort = "app";
        value.program = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-run/bin/run";
      }
    ];
    expected =
      let
        path = name: of: {
          inherit name;
          path = "/nix/store/0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp-${of}";
        };
      in
      [
        {
          attribute = "apps.x86_64-linux.run";
          paths = [ (path "program" "run") ];
        }
        {
          attribute = "packages.x86_64-linux.a";
          paths = [ (path "out" "a-out") ];
        }
        {
          attribute = "packages.x86_64-linux.b";
          paths = [
            (path "dev" "b-dev")
            (path "out" "b-out")
          ];
        }
      ];
  };
}
