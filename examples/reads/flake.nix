{
  description = "A program whose derivations are made of what files say: its version, its settings, its services";

  # Hidden between the outputs: derivations that hold no source of this flake, but text that was read from it while Nix evaluated: the
  # settings, headers with the version and the services, and a file for each service. Their derivations differ as soon as the text does.

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

      version = lib.fileContents ./VERSION;
      services = builtins.fromJSON (builtins.readFile ./services.json);

      # A tree that is not committed has no revision, and one that was not taken from git has no other date than its files'.
      revision = self.rev or "dirty";
      date = self.lastModifiedDate or "19700101000000";

      versionHeader =
        pkgs:
        pkgs.writeTextDir "version.h" ''
          #define VERSION "${version}"
          #define REVISION "${revision}"
          #define DATE "${date}"
        '';

      # A macro call for each service, `SERVICE("web", 8080)`. Only this needs jq.
      servicesHeader =
        pkgs:
        pkgs.runCommand "services.h"
          {
            nativeBuildInputs = [ pkgs.jq ];
            services = builtins.toJSON (lib.mapAttrs (_name: service: service.port) services);
            passAsFile = [ "services" ];
          }
          ''
            mkdir $out
            jq --raw-output 'to_entries[] | "SERVICE(\(.key | tojson), \(.value))"' $servicesPath > $out/services.h
          '';

      # As the file is. What is in it may also be asked for: `(lib.importTOML ./config.toml).greeting`.
      config = pkgs: pkgs.writeText "config.toml" (builtins.readFile ./config.toml);

      unitFor =
        pkgs: packages: name: service:
        pkgs.writeText "${name}.service" (
          lib.generators.toINI { } {
            Unit.Description = service.description;
            Service.ExecStart = "${lib.getExe packages.default} ${lib.escapeShellArg name} ${toString service.port}";
          }
        );
    in
    {
      packages = forEachSystem (
        pkgs: packages:
        {
          default = pkgs.stdenv.mkDerivation {
            pname = "announce";
            inherit version;
            src = ./src;
            buildPhase = ''
              $CC -O2 -Wall -Wextra -I${versionHeader pkgs} -I${servicesHeader pkgs} -DCONFIG='"${config pkgs}"' announce.c -o announce
            '';
            installPhase = "install -D -m 755 announce -t $out/bin";
            meta.mainProgram = "announce";
          };

          # All services' files.
          units = pkgs.linkFarm "units" (
            lib.mapAttrsToList (name: service: {
              name = "${name}.service";
              path = unitFor pkgs packages name service;
            }) services
          );

          seed = nix-seed.lib.mkSeed {
            inherit pkgs self;
            # Ports and names out of a file: nothing in this derivation says that they are from there. The proof,
            # `nix build .#seed.tests.complete`, has found that, and named it.
            own = [ "services.h" ];
          };
        }
        # And a package for each, by the names that the file gives.
        // lib.mapAttrs' (
          name: service:
          lib.nameValuePair "service-${name}" (
            pkgs.writeShellScriptBin "service-${name}" ''
              exec ${lib.getExe packages.default} ${lib.escapeShellArg name} ${toString service.port}
            ''
          )
        ) services
      );

      checks = forEachSystem (
        pkgs: packages:
        lib.mapAttrs (
          name: service:
          pkgs.runCommand "${name}-announces" { } ''
            ${packages."service-${name}"}/bin/service-${name} | tee $out
            grep --quiet ${lib.escapeShellArg "${name} at port ${toString service.port}"} $out
          ''
        ) services
      );
    };
}
