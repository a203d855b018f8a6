# arguments :: { <name> = { required? :: Bool, default? :: Any, expected :: String, example :: String, accepts :: Any -> Bool,
#                             faults? :: Any -> [ String ] }; }
#
# Why: mkSeed's arguments in one table, so that the check, the messages and the defaults cannot disagree. A default of null
# stands for one that depends on pkgs or on the flake; nix/ fills it in. `accepts` says whether the value as a whole is of the right sort; if
# so, `faults` says which parts of it are wrong.
#
# Example:
#   arguments.maxLayers.accepts 101  => false
{
  configFaults,
  configKeys,
  listFaults,
  nixConfFaults,
  recordingFaults,
}:
let
  isDerivation = value: builtins.isAttrs value && value.type or null == "derivation";
  isNullOr = accepts: value: value == null || accepts value;
  listOf = accepts: {
    accepts = builtins.isList;
    faults = listFaults accepts;
  };
  isMatch = pattern: value: builtins.isString value && builtins.match pattern value != null;
  isFunction = value: builtins.isFunction value || builtins.isAttrs value && value ? __functor;
  # A string is a store path if it has a context: without one Nix would not know that it has to be there.
  isStorePath =
    value: isDerivation value || builtins.isPath value || builtins.isString value && builtins.hasContext value;

  kinds = [
    "apps"
    "checks"
    "devShells"
    "formatter"
    "packages"
  ];
in
{
  pkgs = {
    required = true;
    expected = "a nixpkgs package set";
    example = "pkgs = inputs.nixpkgs.legacyPackages.\${system};";
    accepts = value: builtins.isAttrs value && value ? stdenv;
  };
  self = {
    required = true;
    expected = "the flake that the seed is for";
    example = "inherit (inputs) self;";
    accepts = value: builtins.isAttrs value && value._type or null == "flake" && value ? outPath;
  };
  name = {
    default = null;
    expected = "an image name: lower-case words parted by `.`, `_`, `-` or `/`, after a registry if you like, at most 255 bytes in all";
    example = "name = \"ghcr.io/me/app-seed\";";
    # The length first: the regex engine recurses over a long value.
    accepts = isNullOr (
      value:
      builtins.isString value
      && builtins.stringLength value <= 255
      && isMatch "([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)*" value
    );
  };
  tag = {
    default = "latest";
    expected = "an image tag: at most 128 letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`";
    example = "tag = \"v1\";";
    accepts =
      value:
      builtins.isString value
      && builtins.stringLength value <= 128
      && isMatch "[A-Za-z0-9_][A-Za-z0-9._-]*" value;
  };
  outputs = {
    default = [
      "packages"
      "devShells"
      "checks"
      "apps"
    ];
    expected = "a list of kinds of output, out of ${builtins.concatStringsSep ", " kinds}";
    example = "outputs = [ \"packages\" \"checks\" ];";
  }
  // listOf (kind: builtins.elem kind kinds);
  exclude = {
    default = [ "seed" ];
    expected = "a list of attribute names, with or without their kind";
    example = "exclude = [ \"seed\" \"checks.needs-the-seed\" ];";
  }
  // listOf builtins.isString;
  filter = {
    default = _path: _output: true;
    expected = "a function from an attribute path and an output to true or false";
    example = "filter = path: output: builtins.head path != \"devShells\";";
    accepts = isFunction;
  };
  closure = {
    default = "frontier";
    expected = "\"frontier\", or \"direct\" where import-from-derivation is not allowed";
    example = "closure = \"direct\";";
    accepts =
      value:
      builtins.elem value [
        "frontier"
        "direct"
      ];
  };
  own = {
    default = [ ];
    expected = "a list of names of derivations";
    example = "own = [ \"services.h\" ];";
  }
  // listOf builtins.isString;
  nix = {
    default = null;
    expected = "a derivation of Nix 2.18 or newer";
    example = "nix = pkgs.nixVersions.latest;";
    accepts = isNullOr isDerivation;
  };
  contents = {
    default = [ ];
    expected = "a list of derivations, paths, or strings that hold a store path";
    example = "contents = [ pkgs.hello ./data \"\${pkgs.jq}/bin/jq\" ];";
  }
  // listOf isStorePath;
  tools = {
    default = null;
    expected = "a list of derivations whose bin folders come onto PATH";
    example = "tools = [ pkgs.less pkgs.strace ];";
    accepts = isNullOr builtins.isList;
    faults = value: if value == null then [ ] else listFaults isDerivation value;
  };
  nixConf = {
    default = { };
    expected = "a set of Nix settings, named in small letters, digits and `-`, each a string, a path, an integer, a boolean or a list of these, on one line";
    example = "nixConf = { cores = 4; extra-experimental-features = [ \"ca-derivations\" ]; };";
    accepts = builtins.isAttrs;
    faults = nixConfFaults;
  };
  config = {
    default = { };
    expected = "a set with the keys ${builtins.concatStringsSep ", " (builtins.attrNames configKeys)} of an OCI image config";
    example = "config = { Env = [ \"LANG=C.UTF-8\" ]; Cmd = [ \"/bin/sh\" ]; Labels.\"org.opencontainers.image.source\" = \"…\"; };";
    accepts = builtins.isAttrs;
    faults = configFaults;
  };
  maxLayers = {
    default = 100;
    expected = "an integer from 2 to 100";
    example = "maxLayers = 60;";
    accepts = value: builtins.isInt value && value >= 2 && value <= 100;
  };
  maxSize = {
    default = null;
    expected = "a number of bytes above 0, or null for no limit";
    example = "maxSize = 4 * 1024 * 1024 * 1024;";
    accepts = isNullOr (value: builtins.isInt value && value > 0);
  };
  recording = {
    default = null;
    expected = "the path of a file that `nix-seed record` wrote, or null";
    example = "recording = ./.seed.recording.json;";
    accepts = isNullOr (
      value: builtins.isPath value || builtins.isString value && builtins.substring 0 1 value == "/"
    );
    faults = recordingFaults;
  };
  helper = {
    default = null;
    expected = "a derivation that holds bin/nix-seed-helper";
    example = "helper = inputs.nix-seed.packages.\${system}.helper;";
    accepts = isNullOr isDerivation;
  };
}
