# What the helper is asked for.
{ mkSeed, pkgs }:
let
  seed =
    arguments:
    mkSeed (
      {
        inherit pkgs;
        name = "app-seed";
        self = {
          _type = "flake";
          outPath = "${../tests}";
          packages.x86_64-linux.default = pkgs.make "app" { inherit (pkgs) stdenv; };
        };
      }
      // arguments
    );
  request = arguments: (seed arguments).drvAttrs.seed;
  contextOf = value: builtins.getContext (builtins.toJSON value);
in
{
  "derivations are raw, and keep no references" = {
    actual = builtins.removeAttrs (seed { }).drvAttrs [
      "builder"
      "seed"
    ];
    expected = {
      name = "app-seed";
      system = "x86_64-linux";
      args = [ "derivation" ];
      __structuredAttrs = true;
      unsafeDiscardReferences.out = true;
      exportReferencesGraph = { };
      preferLocalBuild = true;
      allowSubstitutes = false;
    };
  };
  "closure" = {
    actual = (seed { maxSize = 5; }).closure.drvAttrs.seed;
    expected = {
      step = "closure";
      maxSize = 5;
    };
  };
  "layers" = {
    actual = (seed { }).layers.toolchain.drvAttrs.seed;
    expected = {
      step = "layers";
      group = "toolchain";
      maxLayers = 35;
    };
  };
  "image" = {
    actual = builtins.removeAttrs (request { tag = "v1"; }) [
      "closure"
      "config"
      "gcRoots"
      "groups"
      "reasons"
      "root"
    ];
    expected = {
      step = "image";
      name = "app-seed";
      tag = "v1";
      os = "linux";
      architecture = "amd64";
      licenses = [ ];
      privateSources = [ ];
      recording = null;
      maxLayers = 100;
    };
  };
  "image: of a recording nothing but its content matters" = {
    actual =
      let
        of = recording: (request { inherit recording; }).recording;
        one = builtins.path {
          name = "one";
          path = ./.;
        };
      in
      map (recording: of recording == of ./package-set.nix) [
        "${one}/package-set.nix"
        (one + "/package-set.nix")
        ./image.nix
      ]
      ++ [ (contextOf (of ./image.nix) != { }) ];
    expected = [
      true
      true
      false
      true
    ];
  };
  "image: what must not be given to everyone" = {
    actual =
      let
        blob = pkgs.make "blob" { } // {
          meta.license.free = false;
        };
        given = request {
          self = {
            _type = "flake";
            outPath = "${./flake-private}";
            packages.x86_64-linux.default = pkgs.make "app" { inherit blob; };
          };
        };
      in
      {
        licenses = given.licenses == [
          {
            path = builtins.unsafeDiscardStringContext blob.outPath;
            reason = "blob: unnamed";
          }
        ];
        inherit (given) privateSources;
      };
    expected = {
      licenses = true;
      privateSources = [
        {
          narHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
          reason = "flake input `internal` over ssh: ssh://git.example.org/internal";
        }
      ];
    };
  };
  "image: an app whose program is a derivation is asked for its license" = {
    actual =
      let
        blob = pkgs.make "blob" { } // {
          meta.license.free = false;
        };
        licensesOf =
          program:
          (request {
            self = {
              _type = "flake";
              outPath = "${../tests}";
              apps.x86_64-linux.run = {
                type = "app";
                inherit program;
              };
            };
          }).licenses;
      in
      map (program: map (license: license.reason) (licensesOf program)) [
        blob
        "${blob}/bin/blob"
      ];
    expected = [
      [ "blob: unnamed" ]
      [ ]
    ];
  };
  "image: groups in their order" = {
    actual =
      let
        app = seed { };
      in
      app.drvAttrs.seed.groups == [
        "${app.layers.nix}"
        "${app.layers.toolchain}"
      ];
    expected = true;
  };
  "image: depends on layers and closure alone" = {
    actual =
      let
        app = seed { };
        plain = builtins.unsafeDiscardStringContext;
      in
      contextOf app.drvAttrs.seed == builtins.listToAttrs (
        map
          (drv: {
            name = plain drv.drvPath;
            value.outputs = [ "out" ];
          })
          [
            app.closure
            app.layers.nix
            app.layers.toolchain
          ]
      );
    expected = true;
  };
  "image: all roots are kept" = {
    actual =
      let
        app = seed { };
      in
      builtins.length app.drvAttrs.seed.gcRoots == builtins.length (builtins.concatMap (group: group.roots) app.partition);
    expected = true;
  };
  "image: PATH" = {
    actual = builtins.head (request {
      tools = [ ];
      helper = pkgs.make "helper" { };
    }).config.Env;
    expected =
      let
        bin = package: builtins.unsafeDiscardStringContext "${package}/bin";
      in
      "PATH=/root/.nix-profile/bin:${bin pkgs.nix}:${bin pkgs.bash}:${bin pkgs.coreutils}:${bin pkgs.gitMinimal}:${bin (pkgs.make "helper" { })}:/bin:/usr/bin";
  };
  "image: the user's config" = {
    actual =
      let
        inherit
          (request {
            config = {
              Env = [ "HOME=/home" ];
              Labels.a = "b";
              Cmd = [ "x" ];
            };
          })
          config
          ;
      in
      removeAttrs config [ "Env" ] // { home = builtins.elem "HOME=/home" config.Env; };
    expected = {
      Cmd = [ "x" ];
      Labels.a = "b";
      WorkingDir = "/root";
      home = true;
    };
  };
  "image: nix.conf" = {
    actual = (request { nixConf.cores = 2; }).root."etc/nix/nix.conf".text;
    expected = ''
      build-users-group =
      cores = 2
      experimental-features = nix-command flakes
      flake-registry =
      max-jobs = auto
      sandbox = false
      substitute = false
      warn-dirty = false
    '';
  };
  "layers: an output's name may be of any length" = {
    actual =
      let
        long = builtins.concatStringsSep "" (builtins.genList (_: "x") 600);
        inherit
          (seed {
            self = {
              _type = "flake";
              outPath = "${../tests}";
              packages.x86_64-linux.${long} = pkgs.make "app" { zlib = pkgs.make "zlib" { }; };
            };
          })
          layers
          ;
        names = builtins.attrNames layers;
        last = builtins.elemAt names (builtins.length names - 1);
      in
      builtins.stringLength layers.${last}.drvAttrs.seed.group <= 90
      && builtins.match "packages-x*-[0-9a-f]{16}" last != null
      && builtins.isString layers.${last}.drvPath;
    expected = true;
  };
  "verify" = {
    actual =
      let
        app = seed { };
      in
      app.tests.verify.drvAttrs.seed == {
        step = "verify";
        image = "${app}";
      };
    expected = true;
  };
  "sbom: of the image, at the time of the commit" = {
    actual =
      let
        of =
          sourceInfo:
          builtins.removeAttrs
            (seed {
              name = "ghcr.io/me/app-seed";
              self = {
                _type = "flake";
                outPath = "${../tests}";
                packages.x86_64-linux.default = pkgs.make "app" { inherit (pkgs) stdenv; };
              }
              // sourceInfo;
            }).sbom.drvAttrs.seed
            [
              "derivations"
              "image"
              "metadata"
            ];
      in
      map of [
        { lastModified = 1760000000; }
        { sourceInfo.lastModified = 7; }
        { }
        { lastModified = "yesterday"; }
      ];
    expected =
      map
        (time: {
          step = "sbom";
          name = "ghcr.io/me/app-seed";
          inherit time;
        })
        [
          1760000000
          7
          1
          1
        ];
  };
  "release: of the image, its bill of materials, its commit and its repository" = {
    actual =
      let
        app = seed {
          self = {
            _type = "flake";
            outPath = "${../tests}";
            rev = "4f1c";
            narHash = "sha256-self";
            seedCfg.source = "git+https://example.org/app";
            inputs.lib = {
              outPath = "${../../lib}";
              narHash = "sha256-lib";
            };
            packages.x86_64-linux.default = pkgs.make "app" { inherit (pkgs) stdenv; };
          };
        };
        plain = builtins.unsafeDiscardStringContext;
      in
      app.release.drvAttrs.seed == {
        step = "release";
        image = "${app}";
        sbom = "${app.sbom}";
        system = "x86_64-linux";
        source = {
          uri = "git+https://example.org/app";
          commit = "4f1c";
          narHash = "sha256-self";
          lock = null;
        };
        inputs = [
          {
            name = "lib";
            narHash = "sha256-lib";
          }
        ];
        outputs = [
          {
            attribute = "packages.x86_64-linux.default";
            paths = [
              {
                name = "out";
                path = plain "${pkgs.make "app" { inherit (pkgs) stdenv; }}";
              }
            ];
          }
        ];
      };
    expected = true;
  };
  "release: without a commit and a repository there is none, and the seed is as it was" = {
    actual =
      let
        app = seed { };
      in
      [
        (builtins.tryEval app.release.drvPath).success
        (builtins.tryEval app.drvPath).success
      ];
    expected = [
      false
      true
    ];
  };
  "sbom: of derivations their files, and no results but the image" = {
    actual =
      let
        app = seed { };
        plain = builtins.unsafeDiscardStringContext;
        context = builtins.getContext (builtins.toJSON app.sbom.drvAttrs.seed);
        built = builtins.filter (path: context.${path} ? outputs) (builtins.attrNames context);
        named = map (path: builtins.substring 44 (-1) path) (map plain app.sbom.drvAttrs.seed.derivations);
      in
      {
        onlyImage = built == [ (plain app.drvPath) ];
        hasTools = builtins.all (name: builtins.elem name named) [
          "nix.drv"
          "bash.drv"
          "stdenv.drv"
        ];
        # It is an output: what it is built from is in the seed, and not itself.
        hasApp = builtins.elem "app.drv" named;
      };
    expected = {
      onlyImage = true;
      hasTools = true;
      hasApp = false;
    };
  };
  "sbom: what packages say, as a file and for a look" = {
    actual =
      let
        app = seed {
          contents = [ (pkgs.make "extra" { } // { pname = "extra"; meta.license.spdxId = "MIT"; }) ];
        };
        found = builtins.filter (package: package.pname == "extra") app.metadata;
      in
      {
        license = (builtins.head found).license.spdxId;
        isFile = builtins.fromJSON (builtins.readFile app.sbom.drvAttrs.seed.metadata) == app.metadata;
      };
    expected = {
      license = "MIT";
      isFile = true;
    };
  };
}
