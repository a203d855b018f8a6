# What asking a seed for something evaluates, and what it leaves alone.
{ mkSeed, pkgs }:
let
  trap = throw "this must not be evaluated";
  flake = outputs: {
    _type = "flake";
    outPath = "${../tests}";
    inputs = { };
  }
  // outputs;
  evaluates = value: (builtins.tryEval value).success;
in
{
  "what a seed is takes no argument to know" = {
    actual =
      let
        seed = mkSeed trap;
      in
      [
        seed.isNixSeed
        seed.type
        seed.meta.description
        (builtins.attrNames seed.tests)
        seed.image.isNixSeed
        seed.tests.verify.isNixSeed
        seed.closure.isNixSeed
        seed.sbom.isNixSeed
        seed.sbom.type
        seed.release.isNixSeed
      ];
    expected = [
      true
      "derivation"
      "OCI image with all that is needed to build this flake offline"
      [
        "complete"
        "verify"
      ]
      true
      true
      true
      true
      "derivation"
      true
    ];
  };
  "the seed asks no package for what only its bill of materials says" = {
    actual =
      let
        seed = mkSeed {
          inherit pkgs;
          self = flake {
            lastModified = trap;
            packages.x86_64-linux.default = pkgs.make "app" { } // {
              version = trap;
              meta = {
                description = trap;
                homepage = trap;
                identifiers = trap;
                position = trap;
              };
            };
          };
        };
      in
      [
        (evaluates seed.drvPath)
        (evaluates seed.tests.verify.drvPath)
        (evaluates seed.sbom.drvPath)
      ];
    expected = [
      true
      true
      false
    ];
  };
  "the name takes the default package's name" = {
    actual =
      (mkSeed {
        pkgs = pkgs // {
          nix = trap;
          bash = trap;
          stdenv.hostPlatform.system = "x86_64-linux";
        };
        self = flake {
          inputs = trap;
          checks = trap;
          packages.x86_64-linux = {
            other = trap;
            default = {
              pname = "hello";
              drvPath = trap;
            };
          };
        };
        contents = [ ];
        helper = null;
      }).name;
    expected = "hello-seed";
  };
  "a name of one's own takes nothing of the flake" = {
    actual =
      (mkSeed {
        inherit pkgs;
        self = flake { packages = trap; };
        name = "ghcr.io/me/app";
      }).name;
    expected = "app";
  };
  "a flake may hold its seed, twice, and the seed's tests" = {
    actual =
      let
        self = flake {
          packages.x86_64-linux = rec {
            default = pkgs.make "app" { };
            seed = mkSeed { inherit pkgs self; };
            image = seed;
          };
          checks.x86_64-linux.seed = self.packages.x86_64-linux.seed.tests.verify;
        };
      in
      evaluates self.packages.x86_64-linux.seed.drvPath;
    expected = true;
  };
  "a check that needs the seed is excluded by its name" = {
    actual =
      let
        self = flake {
          packages.x86_64-linux.seed = mkSeed {
            inherit pkgs self;
            exclude = [ "checks.size" ];
          };
          checks.x86_64-linux.size = pkgs.make "size" { inherit (self.packages.x86_64-linux) seed; };
        };
      in
      evaluates self.packages.x86_64-linux.seed.drvPath;
    expected = true;
  };
  "foreign systems and legacyPackages are not touched" = {
    actual = evaluates (mkSeed {
      inherit pkgs;
      self = flake {
        legacyPackages = trap;
        packages = {
          aarch64-linux = trap;
          x86_64-linux.default = pkgs.make "app" { };
        };
      };
    }).drvPath;
    expected = true;
  };
  "the helper's package is not needed when one is given" = {
    actual = evaluates (mkSeed {
      pkgs = pkgs // {
        rustPlatform = trap;
        glibc = trap;
      };
      self = flake { };
      helper = pkgs.make "helper" { };
    }).drvPath;
    expected = true;
  };
  "wrong arguments are errors" = {
    actual = map (arguments: evaluates (mkSeed arguments).name) [
      { }
      { inherit pkgs; }
      {
        inherit pkgs;
        self = flake { };
        outptus = [ ];
      }
    ];
    expected = [
      false
      false
      false
    ];
  };
  "an app's program may be whatever Nix makes a string of, and nothing else" = {
    actual =
      map
        (
          program:
          evaluates
            (mkSeed {
              inherit pkgs;
              self = flake {
                apps.x86_64-linux.run = {
                  type = "app";
                  inherit program;
                };
              };
            }).drvPath
        )
        [
          (pkgs.make "app" { })
          ./roots.nix
          "/bin/sh"
          null
          7
          (x: x)
        ];
    expected = [
      true
      true
      true
      false
      false
      false
    ];
  };
  "a kind of outputs that is no set is an error, unless it is left out" = {
    actual =
      map
        (
          outputs:
          evaluates
            (mkSeed {
              inherit pkgs outputs;
              self = flake {
                packages.x86_64-linux = [ (pkgs.make "app" { }) ];
                checks.x86_64-linux.test = pkgs.make "test" { };
              };
            }).drvPath
        )
        [
          [
            "packages"
            "checks"
          ]
          [ "checks" ]
        ];
    expected = [
      false
      true
    ];
  };
  "an output that throws is an error, unless it is excluded" = {
    actual =
      map
        (
          exclude:
          evaluates
            (mkSeed {
              inherit pkgs exclude;
              self = flake { packages.x86_64-linux.broken = trap; };
            }).drvPath
        )
        [
          [ ]
          [ "broken" ]
        ];
    expected = [
      false
      true
    ];
  };
}
