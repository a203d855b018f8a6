# The packages of this repository: every folder of ./packages is one, and is all of its own source. What it needs is in its
# package.toml, if it has one:
#   packages   other packages of this repository
#   nixpkgs    packages of nixpkgs
#   libraries  of nixpkgs, to link with
# A folder with main.c is a program, one with main.sh a script, any other a library.
{ pkgs }:
let
  inherit (pkgs) lib stdenv;

  isFolder = _name: type: type == "directory";
  names = lib.attrNames (lib.filterAttrs isFolder (builtins.readDir ./packages));

  describe =
    name:
    let
      folder = ./packages + "/${name}";
      files = builtins.readDir folder;
      manifest = if files ? "package.toml" then lib.importTOML (folder + "/package.toml") else { };
    in
    {
      inherit name folder;
      kind =
        if files ? "main.c" then
          "program"
        else if files ? "main.sh" then
          "script"
        else
          "library";
      packages = manifest.packages or [ ];
      nixpkgs = map (dependency: pkgs.${dependency}) (manifest.nixpkgs or [ ]);
      libraries = manifest.libraries or [ ];
    };

  # `all` is lazy: a package is built of the others, in whatever order they come.
  build =
    package:
    let
      own = map (dependency: all.${dependency}) package.packages;
      dependencies = own ++ package.nixpkgs;
      links = map (library: "-l${library}") (package.packages ++ package.libraries);
    in
    {
      library = stdenv.mkDerivation {
        inherit (package) name;
        src = package.folder;
        buildInputs = dependencies;
        buildPhase = "$CC -O2 -Wall -fPIC -shared ${package.name}.c ${toString links} -o lib${package.name}.so";
        installPhase = ''
          install -D -m 755 lib${package.name}.so -t $out/lib
          install -D -m 644 ${package.name}.h -t $out/include
        '';
      };

      program = stdenv.mkDerivation {
        inherit (package) name;
        src = package.folder;
        buildInputs = dependencies;
        buildPhase = "$CC -O2 -Wall main.c ${toString links} -o ${package.name}";
        installPhase = "install -D -m 755 ${package.name} -t $out/bin";
        meta.mainProgram = package.name;
      };

      script = pkgs.stdenvNoCC.mkDerivation {
        inherit (package) name;
        src = package.folder;
        installPhase = ''
          mkdir -p $out/bin
          {
            echo '#!${pkgs.runtimeShell}'
            echo 'PATH=${lib.makeBinPath dependencies}'
            cat main.sh
          } > $out/bin/${package.name}
          chmod 755 $out/bin/${package.name}
        '';
        meta.mainProgram = package.name;
      };
    }
    .${package.kind};

  check =
    package:
    {
      library = pkgs.runCommandCC "${package.name}-check" { buildInputs = [ all.${package.name} ]; } ''
        echo '#include <${package.name}.h>' | $CC -fsyntax-only -xc -
        touch $out
      '';
      program = runs package;
      script = runs package;
    }
    .${package.kind};
  runs =
    package:
    pkgs.runCommand "${package.name}-check" { } ''
      ${lib.getExe all.${package.name}} | tee $out
      grep --quiet '^${package.name} ' $out
    '';

  described = lib.genAttrs names describe;
  all = lib.mapAttrs (_name: build) described;
in
{
  programs = lib.filterAttrs (name: _package: described.${name}.kind != "library") all;
  checks = lib.mapAttrs (_name: check) described;
}
