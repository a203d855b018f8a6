{
  description = "A code generator, what it generates, and two programs that are compiled from that";

  # Hidden between the outputs: the generator, built from ./tools, and the C code that it makes of ./schema. Both depend on files of
  # this flake, and neither is an output.

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
      # What each kind of output is, for a package set and for this flake's packages of the same system.
      forEachSystem =
        function:
        nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system: function nixpkgs.legacyPackages.${system} self.packages.${system}
        );

      # Only the generator needs zlib, and no output does. It runs while others are built, so it is for the machine that builds:
      # nativeBuildInputs, not buildInputs.
      generatorFor =
        pkgs:
        pkgs.stdenv.mkDerivation {
          name = "schema-to-c";
          src = ./tools;
          buildInputs = [ pkgs.zlib ];
          installPhase = "install -D -m 755 schema-to-c $out/bin/schema-to-c";
        };

      # messages.h and messages.c
      messagesFor =
        pkgs:
        pkgs.runCommand "messages" { nativeBuildInputs = [ (generatorFor pkgs) ]; } ''
          mkdir $out
          schema-to-c header < ${./schema/messages.schema} > $out/messages.h
          schema-to-c source < ${./schema/messages.schema} > $out/messages.c
        '';

      programFor =
        pkgs: name: src:
        pkgs.stdenv.mkDerivation {
          inherit name src;
          messages = messagesFor pkgs;
          buildPhase = "$CC -O2 -Wall -Wextra -I$messages main.c $messages/messages.c -o ${name}";
          installPhase = "install -D -m 755 ${name} $out/bin/${name}";
          meta.mainProgram = name;
        };
    in
    {
      packages = forEachSystem (
        pkgs: packages: {
          server = programFor pkgs "server" ./server;
          client = programFor pkgs "client" ./client;
          default = packages.client;
          seed = nix-seed.lib.mkSeed { inherit pkgs self; };
        }
      );

      checks = forEachSystem (
        pkgs: packages: {
          # Both speak what the schema says.
          talk =
            pkgs.runCommand "talk"
              {
                nativeBuildInputs = [
                  packages.client
                  packages.server
                ];
              }
              ''
                client greet World | server | tee $out
                grep --quiet --line-regexp 'Hello, World!' $out
              '';
        }
      );

      devShells = forEachSystem (
        pkgs: _packages: {
          default = pkgs.mkShell { packages = [ (generatorFor pkgs) ]; };
        }
      );
    };
}
