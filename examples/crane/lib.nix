# Two-step builds of a C project, in the manner of crane. The project has a manifest (project.toml: its name, version and features)
# and a lock file (project.lock: its dependencies, each after those that it needs).
{ pkgs }:
let
  inherit (pkgs) lib stdenv;

  manifestOf = src: lib.importTOML "${src}/project.toml";
  lockOf = src: lib.importTOML "${src}/project.lock";
  folderOf = package: "${package.name}-${package.version}";

  # The dependencies' sources, in one folder. Each is a store path of its own: an edit of one leaves the others.
  vendorDeps =
    { src }:
    pkgs.linkFarm "vendored-dependencies" (
      map (package: {
        name = folderOf package;
        path = ./vendor + "/${folderOf package}";
      }) (lockOf src).package
    );

  # What the build of the dependencies depends on, and nothing else: the lock file, what the manifest says of features, and a
  # program that does nothing.
  mkDummySource =
    { src }:
    pkgs.runCommandLocal "dummy-source"
      {
        # Only this needs jq, and neither the program nor its dependencies: yet whoever builds them has to build this first.
        nativeBuildInputs = [ pkgs.jq ];
        manifest = builtins.toJSON { inherit (manifestOf src) features; };
        lock = builtins.readFile "${src}/project.lock";
        passAsFile = [
          "manifest"
          "lock"
        ];
      }
      ''
        mkdir -p $out/src
        jq . $manifestPath > $out/project.json
        cp $lockPath $out/project.lock
        echo 'int main(void) { return 0; }' > $out/src/main.c
      '';

  # Both steps run the same script. The second finds the artifacts of the first, and what is there is not built again.
  build =
    { src, artifacts }:
    let
      packages = (lockOf src).package;
      defines = map (feature: "-DFEATURE_${lib.toUpper feature}") (manifestOf src).features;
    in
    {
      vendored = vendorDeps { inherit src; };
      flags = defines ++ map (package: "-I${vendorDeps { inherit src; }}/${folderOf package}") packages;
      configurePhase = ''
        mkdir -p target
        ${lib.optionalString (artifacts != null) "cp -r --no-preserve=mode ${artifacts}/target/. target"}
      '';
      buildPhase = ''
        for package in ${toString (map folderOf packages)}; do
          if [ -e target/$package.a ]; then
            echo "fresh $package"
            continue
          fi
          echo "compiling $package"
          $CC -O2 $flags -c $vendored/$package/*.c -o target/$package.o
          $AR rcsD target/$package.a target/$package.o
          rm target/$package.o
        done
        echo "compiling the project"
        # A library comes after those that use it.
        $CC -O2 $flags src/*.c ${toString (map (package: "target/${folderOf package}.a") (lib.reverseList packages))} -o program
      '';
    };
in
{
  # The manifest, the lock file and the sources, whatever else is in the folder.
  cleanSource =
    root:
    lib.fileset.toSource {
      inherit root;
      fileset = lib.fileset.unions [
        (root + "/project.toml")
        (root + "/project.lock")
        (root + "/src")
      ];
    };

  buildDepsOnly =
    { src }:
    stdenv.mkDerivation (
      build {
        inherit src;
        artifacts = null;
      }
      // {
        pname = "${(manifestOf src).name}-deps";
        # Not the project's version: a release does not change the dependencies.
        version = "0";
        src = mkDummySource { inherit src; };
        installPhase = ''
          mkdir -p $out
          cp -r target $out
        '';
      }
    );

  buildPackage =
    { src, artifacts }:
    stdenv.mkDerivation (
      build { inherit src artifacts; }
      // {
        pname = (manifestOf src).name;
        inherit (manifestOf src) version;
        inherit src;
        installPhase = "install -D -m 755 program $out/bin/${(manifestOf src).name}";
        meta.mainProgram = (manifestOf src).name;
      }
    );

  # Compiles with all warnings as errors, and keeps nothing.
  lint =
    { src, artifacts }:
    stdenv.mkDerivation (
      build { inherit src artifacts; }
      // {
        pname = "${(manifestOf src).name}-lint";
        inherit (manifestOf src) version;
        inherit src;
        buildPhase = "$CC -Wall -Wextra -Werror -fsyntax-only $flags src/*.c";
        installPhase = "touch $out";
      }
    );
}
