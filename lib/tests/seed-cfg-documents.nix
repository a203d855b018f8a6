# What is made of the table of options: the page, the JSON schema, the module options. And that the table's own examples are right.
{ lib }:
let
  type = lib.seedCfgType;
  options = lib.optionPaths type;
  isFresh = import ./is-fresh.nix;
  examples = builtins.listToAttrs (
    map (example: {
      inherit (example) name;
      value = lib.checkSeedCfg example.value;
    }) lib.seedCfgExamples
  );
  # An example that is a file has none here.
  isFile = option: builtins.match ".*[.]/.*" (lib.renderNix option.example) != null;
  named = test: builtins.concatMap ({ option, path, ... }: if test option then [ (builtins.concatStringsSep "." path) ] else [ ]) options;
in
import ./option-table.nix { inherit lib type; }
// {
  "doc/seed-cfg.md" = isFresh ../../doc/seed-cfg.md "nix eval --raw --file lib seedCfgPage > doc/seed-cfg.md" lib.seedCfgPage;
  "doc/seed-cfg.schema.json" =
    isFresh ../../doc/seed-cfg.schema.json
      "nix eval --raw --file lib --apply 'lib: lib.renderJson lib.seedCfgJsonSchema' > doc/seed-cfg.schema.json"
      (lib.renderJson lib.seedCfgJsonSchema);

  "examples that are files are those of keys and roots" = {
    actual = named isFile;
    expected = [ "builders.<name>.keys" "trustedRoot" ];
  };
  "the page's examples are right, and wise" = {
    actual = builtins.mapAttrs (_name: result: result.warnings or result.message) examples;
    expected = {
      github = [ ];
      gitlab = [ ];
      hsm = [ ];
      keys = [ ];
      quorum = [ "level: Level 2 is not served by nix-seed yet: nothing is accepted under it" ];
    };
  };
  # The tests of client/cfg read them, and validators of others check them.
  "their normal forms" =
    isFresh ./seed-cfg/normal.json
      "nix eval --raw --file lib --apply 'lib: lib.renderJson (builtins.listToAttrs (map (example: { inherit (example) name; value = (lib.checkSeedCfg example.value).cfg; }) lib.seedCfgExamples))' > lib/tests/seed-cfg/normal.json"
      (lib.renderJson (builtins.mapAttrs (_name: result: result.cfg) examples));
  "the normal form has every option" = {
    actual = builtins.attrNames examples.github.cfg == builtins.attrNames type.fields && builtins.attrNames examples.github.cfg.builders.github == builtins.attrNames lib.seedCfgBuilder.fields;
    expected = true;
  };
  "the least that one has to write" = {
    actual =
      (lib.checkSeedCfg {
        source = "github:owner/app";
        builders.ci.keys = [ ../seed-cfg/examples/keys/ci.pub ];
      }).cfg;
    expected = {
      version = 1;
      level = 1;
      source = "git+https://github.com/owner/app";
      registry = null;
      builders.ci = {
        issuer = null;
        subjects = [ ];
        keys = [ (builtins.readFile ../seed-cfg/examples/keys/ci.pub) ];
        signer = null;
        parent = null;
        jurisdictions = [ ];
        infrastructure = null;
      };
      trustedRoot = null;
      logs = null;
      services = {
        fulcio = null;
        rekor = null;
        rekorVersion = null;
        timestamp = null;
      };
      freshness.maxAge = null;
      build = {
        sandbox = true;
        substituters = [ ];
      };
      outputs = { };
      quorum = null;
      contract = null;
    };
  };
}
