# What is made of the table of mkSeed's arguments: the page, and the module options.
{ lib }:
let
  isFresh = import ./is-fresh.nix;
  # As much of nixpkgs' `lib` as these options are made with: types are the names by which they are asked for.
  recorder = {
    mkOption = option: option;
    literalExpression = text: text;
    literalMD = text: "Markdown: ${text}";
    types = {
      anything = "anything";
      attrsOf = of: "attrsOf ${of}";
      enum = values: "enum ${builtins.toJSON values}";
      ints.between = least: most: "from ${toString least} to ${toString most}";
      listOf = of: "listOf ${of}";
      nullOr = of: "nullOr ${of}";
      package = "package";
      path = "path";
      raw = "raw";
      str = "str";
    };
  };
  options = lib.moduleOptions recorder lib.seedOptions;
in
import ./option-table.nix {
  inherit lib;
  type = lib.arguments;
}
// {
  "doc/mk-seed-options.md" =
    isFresh ../../doc/mk-seed-options.md "nix eval --raw --file lib mkSeedPage > doc/mk-seed-options.md"
      lib.mkSeedPage;

  "a module has all but what it knows by itself" = {
    actual = builtins.attrNames lib.arguments.fields;
    expected = builtins.sort builtins.lessThan (
      builtins.attrNames options
      ++ [
        "pkgs"
        "self"
      ]
    );
  };
  "how several modules' definitions become one" = {
    actual = builtins.mapAttrs (_name: option: option.type) options;
    expected = {
      closure = "enum [\"frontier\",\"direct\"]";
      config = "attrsOf anything";
      contents = "listOf raw";
      exclude = "listOf str";
      filter = "raw";
      helper = "nullOr package";
      maxLayers = "from 2 to 100";
      maxSize = "nullOr from 1 to 9223372036854775807";
      name = "nullOr str";
      nix = "nullOr package";
      nixConf = "attrsOf anything";
      outputs = "listOf enum [\"apps\",\"checks\",\"devShells\",\"formatter\",\"packages\"]";
      own = "listOf str";
      recording = "nullOr path";
      tag = "str";
      tools = "nullOr listOf package";
    };
  };
  "an option of the module" = {
    actual = options.nix;
    expected = {
      type = "nullOr package";
      default = null;
      defaultText = "Markdown: `pkgs.nix`";
      description = "The Nix in the seed.";
      example = "pkgs.nixVersions.latest";
    };
  };
}
