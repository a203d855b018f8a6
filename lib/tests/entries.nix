# Which outputs the seed is for, and what it refuses.
{ lib }:
let
  system = "test";
  trap = throw "this must not be evaluated";
  make = import ./make.nix;
  package = make "package" { };

  labels =
    arguments:
    map (entry: entry.label) (
      lib.entries (
        {
          inherit system;
          outputs = lib.arguments.fields.outputs.default;
          exclude = [ ];
          filter = _path: _output: true;
        }
        // arguments
      )
    );
  entryOf =
    value:
    builtins.head (
      lib.entries {
        inherit system;
        self.packages.${system}.foo = value;
        outputs = [ "packages" ];
        exclude = [ ];
        filter = _path: _output: true;
      }
    );
  message = value: (lib.checkEntry (entryOf value)).message;
  lines = text: builtins.filter builtins.isString (builtins.split "\n" text);
  app = program: {
    type = "app";
    inherit program;
  };
in
{
  "kinds in their order, names sorted" = {
    actual = labels {
      self = {
        apps.${system}.run = {
          type = "app";
          program = "/bin/x";
        };
        checks.${system}.unit = package;
        devShells.${system}.default = package;
        packages.${system} = {
          b = package;
          a = package;
          "c.d" = package;
        };
      };
    };
    expected = [
      "packages.test.a"
      "packages.test.b"
      "packages.test.\"c.d\""
      "devShells.test.default"
      "checks.test.unit"
      "apps.test.run"
    ];
  };
  "other systems and kinds are not touched" = {
    actual = labels {
      self = {
        legacyPackages = trap;
        nixosConfigurations = trap;
        formatter = trap;
        checks.other = trap;
        packages = {
          other = trap;
          ${system}.a = package;
        };
      };
    };
    expected = [ "packages.test.a" ];
  };
  "no outputs at all" = {
    actual = labels { self = { }; };
    expected = [ ];
  };
  "formatter is one output" = {
    actual = labels {
      self.formatter.${system} = package;
      outputs = [ "formatter" ];
    };
    expected = [ "formatter.test" ];
  };
  "what is no derivation is skipped" = {
    actual = labels {
      self = {
        packages.${system} = {
          string = "x";
          function = x: x;
          set.a = package;
          list = [ package ];
          null = null;
        };
        apps.${system} = {
          without-program.type = "app";
          without-type.program = "/bin/x";
        };
        checks.${system} = "x";
      };
    };
    expected = [ ];
  };
  "excluded names are not looked at" = {
    actual = labels {
      self = {
        packages.${system} = {
          seed = trap;
          a = package;
        };
        checks.${system} = {
          a = package;
          b = trap;
        };
      };
      exclude = [
        "seed"
        "checks.b"
      ];
    };
    expected = [
      "packages.test.a"
      "checks.test.a"
    ];
  };
  "seeds are skipped under any name" = {
    actual = labels {
      self.packages.${system}.default = {
        isNixSeed = true;
        type = trap;
        drvPath = trap;
      };
    };
    expected = [ ];
  };
  "filter sees path and output" = {
    actual = labels {
      self = {
        packages.${system} = {
          a = package;
          b = package // {
            meta.big = true;
          };
        };
        checks.${system}.c = package;
      };
      filter = path: output: builtins.head path == "packages" && !(output.meta.big or false);
    };
    expected = [ "packages.test.a" ];
  };
  "filter can leave out what throws" = {
    actual = labels {
      self.packages.${system}.a = trap;
      filter = path: _output: builtins.elemAt path 2 != "a";
    };
    expected = [ ];
  };
  "an output that throws is kept, to be refused" = {
    actual = labels {
      self.packages.${system} = {
        a = trap;
        b = package // {
          drvPath = trap;
        };
      };
      filter = _path: output: output.name != "x";
    };
    expected = [
      "packages.test.a"
      "packages.test.b"
    ];
  };

  "a derivation is accepted" = {
    actual = lib.checkEntry (entryOf package);
    expected.ok = true;
  };
  "message: throws" = {
    actual = message trap;
    expected = ''
      nix-seed: packages.test.foo does not evaluate: it throws or fails an assertion.
      See why: nix eval '.#packages.test.foo.drvPath'
      Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: throws when asked for its derivation" = {
    actual = message (
      package
      // {
        drvPath = assert false; "";
      }
    );
    expected = ''
      nix-seed: packages.test.foo does not evaluate: it throws or fails an assertion.
      See why: nix eval '.#packages.test.foo.drvPath'
      Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: an app whose program throws" = {
    actual = message {
      type = "app";
      program = trap;
    };
    expected = ''
      nix-seed: packages.test.foo does not evaluate: it throws or fails an assertion.
      See why: nix eval '.#packages.test.foo.program'
      Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: an app whose program is no string" = {
    actual = map (program: builtins.head (lines (message (app program)))) [
      null
      7
      (x: x)
      { a = 1; }
      [ "/bin/x" ]
      { outPath = 7; }
    ];
    expected = map (what: "nix-seed: packages.test.foo has a `program` that has to be a string, but is ${what}.") [
      "null"
      "the integer 7"
      "a function"
      "a set"
      "a list"
      "a set"
    ];
  };
  "message: an app whose program is null" = {
    actual = message (app null);
    expected = ''
      nix-seed: packages.test.foo has a `program` that has to be a string, but is null.
      For example: program = "''${pkgs.hello}/bin/hello";
      Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "an app whose program Nix makes a string of" = {
    actual = map (program: (lib.checkEntry (entryOf (app program))).ok) [
      "${package}/bin/x"
      package
      ./entries.nix
      { __toString = _self: "/bin/x"; }
    ];
    expected = [
      true
      true
      true
      true
    ];
  };
  "message: a derivation whose drvPath is no string" = {
    actual = message (package // { drvPath = null; });
    expected = ''
      nix-seed: packages.test.foo has a `drvPath` that has to be a string, but is null.
      Make it with `derivation` or with nixpkgs' functions.
      Mend it, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: content-addressed" = {
    actual = message (package // { drvAttrs.__contentAddressed = true; });
    expected = ''
      nix-seed: packages.test.foo is content-addressed (__contentAddressed): a seed cannot hold the realisations that it needs.
      Build it without __contentAddressed, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: impure" = {
    actual = message (package // { drvAttrs.__impure = true; });
    expected = ''
      nix-seed: packages.test.foo is impure (__impure): its result is never kept, so a seed cannot help to build it.
      Make it a fixed-output derivation, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };
  "message: opaque" = {
    actual = message {
      type = "derivation";
      name = "opaque";
      drvPath = "/nix/store/x.drv";
    };
    expected = ''
      nix-seed: packages.test.foo does not show what it is made of (it has no drvAttrs), so that its inputs cannot be found.
      Make it with `derivation` or with nixpkgs' functions, or add it to exclude: mkSeed { …; exclude = [ "seed" "packages.foo" ]; }'';
  };

  "problems are collected" = {
    actual = lib.collectProblems [
      { ok = true; }
      {
        ok = false;
        message = "a";
      }
      {
        ok = false;
        message = "b";
      }
    ];
    expected = {
      ok = false;
      message = "a\n\nb";
    };
  };
  "no problems" = {
    actual = lib.collectProblems [ { ok = true; } ];
    expected.ok = true;
  };
}
