# seedCfgPage :: String
#
# Why: doc/seed-cfg.md, made of the very table that the check is made of. A test compares the two; this writes the page anew:
#   nix eval --raw --file lib seedCfgPage > doc/seed-cfg.md
#
# Example:
#   builtins.substring 0 9 seedCfgPage  => "# seedCfg"
{
  optionSections,
  seedCfgExamples,
  seedCfgType,
}:
let
  # Without its last line break.
  code = text: builtins.substring 0 (builtins.stringLength text - 1) text;

  exampleOf =
    { title, text, source, ... }:
    ''
      ### ${title}

      ${text}

      ```nix
      seedCfg = inputs.nix-seed.lib.seedCfg ${code source};
      ```
    '';
in
''
  # seedCfg

  The flake output that says whom to trust: what is built from where, who builds it, what a signature has to show, and under which
  [trust level](#level). It is data, of no system, and `mkSeed` does not need it.

  ```nix
  outputs = inputs: {
    seedCfg = inputs.nix-seed.lib.seedCfg {
      source = "github:owner/app";
      builders.github = {
        issuer = "https://token.actions.githubusercontent.com";
        subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
      };
    };
  };
  ```

  `lib.seedCfg` checks it when it is evaluated, and gives its normal form: every option is there, with null where nothing was said. What is wrong is an
  error that names the option, what was expected and a line to copy; all mistakes are told at once. What is merely risky is a warning.

  ```sh
  nix-seed cfg check          # is it right, and is it wise?
  nix-seed cfg show           # a table
  nix-seed cfg show --json    # the normal form, as a policy for machines without Nix
  ```

  [seed-cfg.schema.json](seed-cfg.schema.json) is the JSON schema (draft 2020-12) of the normal form, also as the value `lib.seedCfgSchema`: that is what other programs read. What is
  written in Nix has more forms, such as paths, which JSON has not; Nix itself checks these. The schema says what each value can be; what
  they have to be together ([below](#what-is-refused)), only `nix-seed` and `lib.seedCfg` know.

  `nix flake check` warns that it does not know the output `seedCfg`. That is Nix' own, and harmless.

  Whoever verifies decides whose `seedCfg` counts. That of the commit that is being verified can say anything: take it from a commit that you trust, or from a file that you keep.

  ## Options

  ${optionSections seedCfgType}
  ## What is refused

  Besides what is not of an option's type:

  - an option that does not exist: the nearest name is suggested;
  - no builder; a builder with neither an issuer and subjects nor keys; an issuer without subjects, and subjects without an issuer;
  - a subject that anybody could have: `*`, `**`, `https://**`, a host with a wildcard, an owner with a wildcard on a forge where anybody may be one, `*@*`, `**@example.org`;
  - an issuer, a log or a service that is not https, but for this machine's own;
  - two builders that share a key, or an issuer and a subject;
  - a private key, wherever it stands, and a PIN in a signer's command. Neither is repeated;
  - a branch, a tag or a user in `source`; a tag in `registry`; an empty list of `logs`;
  - a quorum that is not more than half, or is not counted of all builders;
  - from Level 2 on: no quorum, a builder without `parent`, `jurisdictions` or `infrastructure`, builds without a sandbox, substituters; at Level 3: fewer than three builders, no contract.

  ## What is warned of

  - a subject that names no branch or tag, allows any, or whose `**` makes nothing of the one that it names;
  - a subject of other repositories than the source's, of any owner on a host of one's own, of everybody with an address at a domain;
  - an issuer that ends with a slash, a source on one machine only, builds without a sandbox, a level that is not served yet.

  ## Examples

  ${builtins.concatStringsSep "\n" (map exampleOf seedCfgExamples)}
  ## As module options

  With flake-parts, `flakeModules.default` has them as `flake.seedCfg`, to which several modules can add ([flake-parts.md](flake-parts.md)). `lib.seedCfgOptions` gives the same options to other modules of nixpkgs' module system:

  ```nix
  { lib, inputs, ... }:
  {
    options.seedCfg = lib.mkOption {
      type = lib.types.submodule { options = inputs.nix-seed.lib.seedCfgOptions lib; };
      description = "Whom to trust: doc/seed-cfg.md of nix-seed.";
      apply = inputs.nix-seed.lib.seedCfg;
    };
  }
  ```
''
