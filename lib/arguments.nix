# arguments :: Type
#
# Why: mkSeed's arguments in one table: what each has to be, what it is when nothing is said, and an example. The check, its messages, the
# defaults, doc/mk-seed-options.md and the module options are made of it. A default of null stands for one that depends on pkgs or on the flake;
# nix/ fills it in.
#
# Example:
#   arguments.fields.maxLayers.default  => 100
{
  configFaults,
  configKeys,
  nixConfFaults,
  recordingFaults,
  schemaTypes,
}:
let
  inherit (schemaTypes)
    enum
    int
    listOf
    nullOr
    opaque
    record
    text
    ;
  expecting = expected: type: type // { inherit expected; };
  # Null is the default, which a message need not offer.
  optional = of: expecting of.expected (nullOr of);
  # Of any length: it is written by whose flake it is.
  list = expected: of: expecting expected (listOf { inherit of; max = null; });

  isDerivation = value: builtins.isAttrs value && value.type or null == "derivation";
  derivation = opaque {
    expected = "a derivation";
    accepts = isDerivation;
    module = types: types.package;
  };
  string = opaque {
    expected = "a string";
    accepts = builtins.isString;
    module = types: types.str;
  };
  set =
    expected: faults:
    opaque {
      inherit expected faults;
      accepts = builtins.isAttrs;
      module = types: types.attrsOf types.anything;
    };
in
record {
  pkgs = {
    type = opaque {
      expected = "a nixpkgs package set";
      accepts = value: builtins.isAttrs value && value ? stdenv;
    };
    description = "A nixpkgs package set, of any system. The seed is for `pkgs.stdenv.hostPlatform.system`, and only that system's outputs are looked at.";
    example.literal = "inputs.nixpkgs.legacyPackages.\${system}";
  };
  self = {
    type = opaque {
      expected = "the flake that the seed is for";
      accepts = value: builtins.isAttrs value && value._type or null == "flake" && value ? outPath;
    };
    description = "The flake that the seed is for.";
    example.literal = "inputs.self";
  };
  name = {
    type = optional (text {
      expected = "an image name: lower-case words parted by `.`, `_`, `-` or `/`, after a registry if you like, at most 255 bytes in all";
      pattern = "([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)*";
    });
    default = null;
    defaultText = "`packages.default`'s `pname` (or name) and `-seed`; `flake-seed` without one, or where that is left out";
    description = "The image's name, with a registry if you like.";
    example = "ghcr.io/me/app-seed";
  };
  tag = {
    type = text {
      expected = "an image tag: at most 128 letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`";
      pattern = "[A-Za-z0-9_][A-Za-z0-9._-]*";
      max = 128;
    };
    default = "latest";
    description = "The image's tag.";
    example = "v1";
  };
  outputs =
    let
      kinds = [
        "apps"
        "checks"
        "devShells"
        "formatter"
        "packages"
      ];
    in
    {
      type = list "a list of kinds of output, out of ${builtins.concatStringsSep ", " kinds}" (enum kinds);
      default = [
        "packages"
        "devShells"
        "checks"
        "apps"
      ];
      description = "The kinds of output that the seed is for.";
      example = [
        "packages"
        "checks"
      ];
    };
  exclude = {
    type = list "a list of attribute names, with or without their kind" string;
    default = [ "seed" ];
    description = ''
      Names of outputs that are never looked at: `"docs"` of any kind, `"checks.docs"` of one.

      A name that is no output's is no error: the output may be another system's. Whatever is a seed is left out by itself, under any name; what *uses* a seed has to be named here.
    '';
    example = [
      "seed"
      "checks.needs-the-seed"
    ];
  };
  filter = {
    type = opaque {
      expected = "a function from an attribute path and an output to true or false";
      accepts = value: builtins.isFunction value || builtins.isAttrs value && value ? __functor;
    };
    default = _path: _output: true;
    defaultText = "all outputs are kept";
    description = "Keeps an output or not. The path is a list: `[ \"packages\" \"x86_64-linux\" \"default\" ]`.";
    example.literal = "path: output: builtins.head path != \"devShells\"";
  };
  closure = {
    type = expecting "\"frontier\", or \"direct\" where import-from-derivation is not allowed" (enum [
      "frontier"
      "direct"
    ]);
    default = "frontier";
    description = ''
      Which closure: `"frontier"`, all that the flake's own derivations are built from, which takes one import-from-derivation; or
      [`"direct"`](mk-seed.md#without-import-from-derivation), what its outputs are built from.
    '';
    example = "direct";
  };
  own = {
    type = list "a list of names of derivations" string;
    default = [ ];
    description = "Names of derivations, with or without version, that are made of what evaluation has read of the flake, though [nothing in them says so](mk-seed.md#what-is-in-the-seed).";
    example = [ "services.h" ];
  };
  nix = {
    type = optional (expecting "a derivation of Nix 2.18 or newer" derivation);
    default = null;
    defaultText = "`pkgs.nix`";
    description = "The Nix in the seed.";
    example.literal = "pkgs.nixVersions.latest";
  };
  contents = {
    type = list "a list of derivations, paths, or strings that hold a store path" (opaque {
      expected = "a derivation, a path, or a string that holds a store path";
      # A string is a store path if it has a context: without one Nix would not know that it has to be there.
      accepts = value: isDerivation value || builtins.isPath value || builtins.isString value && builtins.hasContext value;
    });
    default = [ ];
    description = "More to put in.";
    example.literal = "[ pkgs.hello ./data \"\${pkgs.jq}/bin/jq\" ]";
  };
  tools = {
    type = optional (list "a list of derivations whose bin folders come onto PATH" derivation);
    default = null;
    defaultText = "diffutils, findutils, gawk, gnugrep, gnused, gnutar, gzip";
    description = "Derivations whose programs are on PATH. It may be `[ ]`.";
    example.literal = "[ pkgs.less pkgs.strace ]";
  };
  nixConf = {
    type = set "a set of Nix settings, named in small letters, digits and `-`, each a string, a path, an integer, a boolean or a list of these, on one line" nixConfFaults;
    default = { };
    description = ''
      Nix settings, over [the defaults](mk-seed.md#in-the-image).

      A path becomes that of its copy in the store. `experimental-features` are added to `nix-command flakes`.
    '';
    example = {
      cores = 4;
      extra-experimental-features = [ "ca-derivations" ];
    };
  };
  config = {
    type = set "a set with the keys ${builtins.concatStringsSep ", " (builtins.attrNames configKeys)} of an OCI image config" configFaults;
    default = { };
    description = ''
      What the image says to those who make containers of it, over [the defaults](mk-seed.md#in-the-image).

      `Env` is merged by variable, `Labels` by label, other keys replace; an `Entrypoint` takes the default `Cmd` away.
    '';
    example.literal = "{ Env = [ \"LANG=C.UTF-8\" ]; Cmd = [ \"/bin/sh\" ]; Labels.\"org.opencontainers.image.source\" = \"…\"; }";
  };
  maxLayers = {
    type = int {
      min = 2;
      max = 100;
    };
    default = 100;
    description = "The most layers, the one of the metadata included.";
    example = 60;
  };
  maxSize = {
    type = expecting "a number of bytes above 0, or null for no limit" (nullOr (int {
      min = 1;
      max = 9223372036854775807;
    }));
    default = null;
    description = "The most bytes of closure. Above it the build fails and names the ten largest contributors.";
    example.literal = "4 * 1024 * 1024 * 1024";
  };
  recording = {
    type = expecting "the path of a file that `nix-seed record` wrote, or null" (nullOr (opaque {
      expected = "the path of a file";
      accepts = value: builtins.isPath value || builtins.isString value && builtins.substring 0 1 value == "/";
      faults = recordingFaults;
      module = types: types.path;
    }));
    default = null;
    description = ''
      What a start touches: the index has it in that order, for whoever fetches it first ([recording.md](recording.md)). Nothing else in the seed depends on it.
    '';
    example.literal = "./.seed.recording.json";
  };
  helper = {
    type = optional (expecting "a derivation that holds bin/nix-seed-helper" derivation);
    default = null;
    defaultText = "built from `pkgs.rustPlatform`";
    description = "The program that writes the seed, and is part of it.";
    example.literal = "inputs.nix-seed.packages.\${system}.helper";
  };
}
