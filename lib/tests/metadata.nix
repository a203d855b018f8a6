# What packages say of themselves, as data that nothing in it can break.
{ lib }:
let
  make = import ./make.nix;
  metadata = values: lib.packageMetadata (lib.derivationsBelow values);
  # Of one package that says this.
  of = attributes: builtins.head (metadata (make "app" { } // attributes));
  ofMeta = meta: of { inherit meta; };
  license = license: (ofMeta { inherit license; }).license;
  mit = {
    spdxId = "MIT";
    fullName = "MIT License";
    shortName = "mit";
    url = "https://spdx.org/licenses/MIT.html";
    free = true;
  };
  plainMit = {
    spdxId = "MIT";
    name = "MIT License";
    url = "https://spdx.org/licenses/MIT.html";
  };
  nothing = removeAttrs (of { }) [ "outputs" ];
  repeat = count: text: builtins.concatStringsSep "" (builtins.genList (_: text) count);
in
{
  "what a package says of itself" = {
    actual = removeAttrs (of {
      pname = "app";
      version = "1.0";
      meta = {
        description = "Does something";
        homepage = "https://example.org";
        license = mit;
        position = "/nix/store/x/package.nix:1";
        identifiers = {
          purl = "pkg:generic/app@1.0";
          purls = [
            "pkg:generic/app@1.0"
            "pkg:github/me/app@1.0"
          ];
          cpe = "cpe:2.3:a:me:app:1.0:*:*:*:*:*:*:*";
          possibleCPEs = throw "a guess";
        };
      };
    }) [ "outputs" ];
    expected = {
      pname = "app";
      version = "1.0";
      description = "Does something";
      homepages = [ "https://example.org" ];
      license = plainMit;
      position = "/nix/store/x/package.nix:1";
      purls = [
        "pkg:generic/app@1.0"
        "pkg:generic/app@1.0"
        "pkg:github/me/app@1.0"
      ];
      cpe = "cpe:2.3:a:me:app:1.0:*:*:*:*:*:*:*";
    };
  };
  "what says nothing" = {
    actual = nothing;
    expected = {
      pname = null;
      version = null;
      description = null;
      homepages = [ ];
      license = null;
      purls = [ ];
      cpe = null;
      position = null;
    };
  };
  "each output" = {
    actual =
      let
        app = make "app" {
          outputs = [
            "out"
            "lib"
          ];
        };
        plain = builtins.unsafeDiscardStringContext;
      in
      (builtins.head (metadata app)).outputs == {
        out = plain app.outPath;
        lib = plain app.lib.outPath;
      };
    expected = true;
  };
  "what throws, is of a wrong type, or is a function" = {
    actual =
      let
        bad = [
          (throw "no")
          7
          true
          null
          (x: x)
          { __toString = self: "text"; }
          [ [ ] ]
          { a = throw "no"; }
        ];
        meta = value: {
          description = value;
          homepage = value;
          position = value;
          identifiers = {
            purl = value;
            purls = value;
            cpe = value;
          };
        };
        all = map (value: of { pname = value; version = value; meta = meta value; }) bad;
      in
      map (one: removeAttrs one [ "outputs" ] == nothing) (
        all
        ++ map ofMeta [
          (throw "no meta")
          null
          (x: x)
          { identifiers = throw "no"; homepage = [ (throw "no") 7 null ]; license = throw "no"; }
          { identifiers = 7; license = x: x; }
        ]
      );
    expected = builtins.genList (_: true) 13;
  };
  "it can be written as JSON, whatever it holds" = {
    actual =
      let
        latin1 = builtins.readFile ./latin1.txt;
        path = builtins.toFile "homepage" "";
        app = ofMeta {
          description = "ends in ${latin1}";
          homepage = [ latin1 "${path}" ];
          license.fullName = latin1;
          position = "caffè 100%";
        };
      in
      {
        isPlain = builtins.getContext (builtins.toJSON app) == { };
        inherit (app) position;
        license = app.license.name;
      };
    expected = {
      isPlain = true;
      position = "caff%C3%A8 100%25";
      license = "caf%E9 %80%FF";
    };
  };
  "each byte that is not ASCII has two digits of its own" = {
    actual =
      let
        bytes = builtins.readFile ../bytes.bin;
        digits = "0123456789ABCDEF";
        two = number: "${builtins.substring (number / 16) 1 digits}${builtins.substring (number - number / 16 * 16) 1 digits}";
      in
      lib.plainText bytes == builtins.concatStringsSep "" (builtins.genList (at: "%${two (at + 128)}") 128);
    expected = true;
  };
  "texts are limited" = {
    actual =
      let
        long = ofMeta {
          description = repeat 100000 "long ";
          homepage = repeat 300 "long";
          position = repeat 300 "long";
        };
      in
      [
        (builtins.stringLength long.description < 600)
        long.homepages
        long.position
        (ofMeta { homepage = builtins.genList (_: "https://example.org") 33; }).homepages
      ];
    expected = [
      true
      [ ]
      null
      [ ]
    ];
  };
  "a license" = {
    actual = map license [
      mit
      { shortName = "own"; }
      { spdxId = "X"; url = throw "no"; }
      "mit"
      { free = true; }
      7
      (throw "no")
    ];
    expected = [
      plainMit
      { spdxId = null; name = "own"; url = null; }
      { spdxId = "X"; name = "X"; url = null; }
      { spdxId = "mit"; name = "mit"; url = null; }
      { spdxId = null; name = null; url = null; }
      null
      null
    ];
  };
  "several licenses" = {
    actual = map license [
      [ mit "own" (throw "no") ]
      [ ]
      (builtins.genList (_: mit) 33)
    ];
    expected = [
      {
        operator = "list";
        licenses = [
          plainMit
          { spdxId = "own"; name = "own"; url = null; }
          null
        ];
      }
      { operator = "list"; licenses = [ ]; }
      null
    ];
  };
  "licenses as nixpkgs puts them together" = {
    actual = map license [
      { licenseType = "compound"; operator = "OR"; licenses = [ mit { licenseType = "compound"; operator = "AND"; licenses = [ mit ]; } ]; }
      { licenseType = "exception"; operator = "WITH"; license = mit; exception = { spdxId = "E"; fullName = "E"; }; }
      { licenseType = "plus"; operator = "+"; license = mit; }
      { operator = "WITH"; license = throw "no"; }
      { operator = "AND"; licenses = throw "no"; }
    ];
    expected = [
      { operator = "OR"; licenses = [ plainMit { operator = "AND"; licenses = [ plainMit ]; } ]; }
      { operator = "WITH"; license = plainMit; exception = { spdxId = "E"; name = "E"; url = null; }; }
      { operator = "+"; license = plainMit; }
      { operator = "WITH"; license = null; exception = null; }
      { operator = "AND"; licenses = [ ]; }
    ];
  };
  "a license that has no end" = {
    actual =
      let
        endless = { operator = "AND"; licenses = [ endless ]; };
      in
      builtins.isString (builtins.toJSON (license endless));
    expected = true;
  };
  "packages below others, each once" = {
    actual =
      let
        library = make "library" { } // { pname = "library"; };
      in
      map (package: package.pname) (metadata [
        (make "app" { a = library; b = [ library ]; } // { pname = "app"; })
        library
      ]);
    expected = [
      "app"
      "library"
    ];
  };

  "the files of derivations, and nothing of their results" = {
    actual =
      let
        app = make "app" { outputs = [ "out" "lib" ]; };
        files = lib.derivationFiles [ "${app.lib}/lib" "${app}" (builtins.toFile "source" "") "/none" ];
      in
      {
        isFile = files == [ app.drvPath ];
        context = builtins.attrValues (builtins.getContext (builtins.head files));
      };
    expected = {
      isFile = true;
      context = [ { path = true; } ];
    };
  };
}
