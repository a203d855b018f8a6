{
  description = "Outputs of unusual shapes: several outputs, structured attributes, fixed outputs, graphs, no source at all";

  # Hidden between the outputs: textkit, a library with four outputs of its own that two packages are built with, the script that the
  # app runs, and what pkgs.closureInfo makes.

  inputs = {
    nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
    nix-seed = {
      url = "github:0compute/nix-seed";
      # One nixpkgs, so that the seed holds each dependency once.
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      nix-seed,
    }:
    let
      inherit (nixpkgs) lib;

      # What each kind of output is, for a package set and for this flake's packages of the same system.
      forEachSystem =
        function:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system: function nixpkgs.legacyPackages.${system} self.packages.${system}
        );

      textkitFor =
        pkgs:
        pkgs.stdenv.mkDerivation {
          pname = "textkit";
          version = "1.0.0";
          src = ./lib;
          # No output needs it.
          buildInputs = [ pkgs.zlib ];
          outputs = [
            "out"
            "dev"
            "lib"
            "doc"
          ];
          makeFlags = [
            "BINDIR=${placeholder "out"}/bin"
            "INCLUDEDIR=${placeholder "dev"}/include"
            "LIBDIR=${placeholder "lib"}/lib"
            "DOCDIR=${placeholder "doc"}/share/doc/textkit"
          ];
        };
    in
    {
      packages = forEachSystem (
        pkgs: packages:
        let
          textkit = textkitFor pkgs;
        in
        {
          # Several outputs. The library is an ordinary input: stdenv takes its `dev`, which brings along the others.
          default = pkgs.stdenv.mkDerivation {
            pname = "count";
            version = "1.0.0";
            src = ./count;
            outputs = [
              "out"
              "doc"
            ];
            buildInputs = [ textkit ];
            buildPhase = "$CC -O2 -Wall -Wextra count.c -ltextkit -o count";
            installPhase = ''
              install -D -m 755 count -t $out/bin
              install -D -m 644 count.txt -t $doc/share/doc/count
            '';
            meta.mainProgram = "count";
          };

          # Asks for two of the library's outputs by name, and has nothing to do with the others.
          upper = pkgs.runCommandCC "upper" { meta.mainProgram = "upper"; } ''
            mkdir -p $out/bin
            $CC -O2 -Wall -Wextra -I${textkit.dev}/include ${./upper/upper.c} \
              -L${textkit.lib}/lib -Wl,-rpath,${textkit.lib}/lib -ltextkit -o $out/bin/upper
          '';

          # Attributes keep their structure, and name derivations deep inside: nixpkgs', an output's, one that is no output.
          structured =
            pkgs.runCommand "structured"
              {
                __structuredAttrs = true;
                nativeBuildInputs = [ pkgs.jq ];
                settings = {
                  tools = {
                    count = lib.getExe packages.default;
                    jq = lib.getExe pkgs.jq;
                  };
                  manuals = [
                    packages.default.doc
                    textkit.doc
                  ];
                  nested.deeply.enabled = true;
                };
              }
              ''
                jq .settings "$NIX_ATTRS_JSON_FILE" > $out
              '';

          # No source: only other packages.
          versions = pkgs.runCommand "versions" { nativeBuildInputs = [ pkgs.jq ]; } ''
            jq --version > $out
            bash --version | sed --quiet 1p >> $out
          '';

          # Known by its hash: comments in the source may change, words may not.
          words =
            pkgs.runCommand "words"
              {
                outputHashMode = "flat";
                outputHashAlgo = "sha256";
                outputHash = "sha256-0dP+tvmOOgFIBZkdCVJ+XaehkKELbqSDPPGYaMs+Tm0=";
              }
              ''
                sed '/^#/d' ${./data/words.txt} | sort > $out
              '';

          # Text that is too long for the environment of a builder goes through a file.
          letter =
            pkgs.runCommand "letter"
              {
                text = "${builtins.readFile ./data/letter.txt}Counted by ${lib.getExe packages.default}.\n";
                passAsFile = [ "text" ];
              }
              ''
                cp "$textPath" $out
              '';

          # What a package needs when it runs, as Nix knows it: by an attribute that Nix has for it, and by nixpkgs' function.
          closure =
            pkgs.runCommand "closure"
              {
                exportReferencesGraph = [
                  "graph"
                  packages.default
                ];
                info = pkgs.closureInfo { rootPaths = [ packages.default ]; };
              }
              ''
                names() { sed --quiet 's|^${builtins.storeDir}/[^-]*-||p' "$1" | sort --unique; }
                names graph > $out
                names $info/store-paths | diff $out -
              '';

          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      apps = forEachSystem (
        pkgs: packages: {
          # A script that nobody else refers to. It runs packages of this flake.
          default = {
            type = "app";
            program = "${pkgs.writeShellScript "count-upper" ''
              ${lib.getExe packages.default} "$@" | ${lib.getExe packages.upper}
            ''}";
            meta.description = "Counts words, loudly";
          };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          counts = pkgs.runCommand "counts" { } ''
            ${lib.getExe packages.default} one two | tee $out
            grep --quiet 2 $out
          '';
        }
      );
    };
}
