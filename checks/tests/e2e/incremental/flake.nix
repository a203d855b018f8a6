{
  description = "A library that thirty others use, a leaf, a toolchain, and some programs: what the test of increments changes";

  inputs = {
    nixpkgs.url = "github:nixos/nixpkgs/nixos-unstable";
    nix-seed = {
      url = "github:0compute/nix-seed";
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
      versions = import ./versions.nix;
      inherit (nixpkgs) lib;

      packagesFor =
        pkgs:
        let
          # A package of so many KiB of a real program, each from another place in it. It names what it uses, as a shared
          # library does, and is built anew whenever that or its tools are.
          make =
            {
              pname,
              version ? "1.0",
              kib,
              place,
              uses ? [ ],
              tools ? [ toolchain ],
            }:
            pkgs.runCommand "${pname}-${version}" { nativeBuildInputs = tools; } ''
              mkdir --parents $out/lib
              dd if=${pkgs.python3}/bin/python3 of=$out/lib/lib${pname}.so bs=1K skip=${toString place} count=${toString kib} status=none
              echo "${pname} ${version} ${lib.concatStringsSep " " (map toString uses)}" > $out/lib/${pname}.pc
            '';

          toolchain = make {
            pname = "toolchain";
            version = versions.toolchain;
            kib = 5000;
            place = 0;
            tools = [ ];
          };
          middle = make {
            pname = "middle";
            version = versions.middle;
            kib = 600;
            place = 100;
          };
          dependants = builtins.genList (
            number:
            make {
              pname = "dependant-${toString number}";
              kib = 100 + 20 * number;
              place = 100 * number;
              uses = [ middle ];
            }
          ) 30;
          others = builtins.genList (
            number:
            make {
              pname = "other-${toString number}";
              # Every other one changes: what lies between two that do is smaller than what a request is worth.
              version = if builtins.bitAnd number 1 == 0 then versions.small else "1.0";
              kib = 100;
              place = 1000 + 300 * number;
            }
          ) 10;
          leaf = make {
            pname = "leaf";
            version = versions.leaf;
            kib = 700;
            place = 2000;
            uses = others;
          };
          alone =
            pname: place:
            make {
              inherit pname place;
              kib = 900;
              uses = [ middle ];
            };

          program =
            pname: inputs:
            pkgs.runCommand pname {
              src = ./src;
              nativeBuildInputs = [ toolchain ];
              inherit inputs;
            } "cat $src/* > $out; echo $inputs >> $out";
          programs = {
            default = program "program" (dependants ++ others ++ [ leaf ]);
            tool = program "tool" (others ++ [ (alone "of-tool" 3000) ]);
            other = program "other" (others ++ [ (alone "of-other" 2500) ]);
            extra = program "extra" (others ++ [ (alone "of-extra" 3500) ]);
          };
        in
        lib.genAttrs versions.outputs (name: programs.${name});
    in
    {
      packages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        packagesFor pkgs // { seed = nix-seed.lib.mkSeed { inherit pkgs self; }; }
      );
    };
}
