# seedCfgType :: Type
#
# Why: all that a seedCfg says, in one table: what each option is, what it is when nothing is said, and an example. The check, the normal
# form, doc/seed-cfg.md, doc/seed-cfg.schema.json and the module options are made of it.
#
# Example:
#   seedCfgType.fields.level.default  => 1
{
  schemaTypes,
  seedCfgBuilder,
  seedCfgFormats,
}:
let
  inherit (schemaTypes)
    attrsOf
    bool
    enum
    int
    listOf
    nullOr
    record
    ;
  formats = seedCfgFormats;

  level = enum [
    1
    2
    3
  ];
in
record {
  version = {
    type = enum [ 1 ];
    default = 1;
    description = "The version of the normal form. Nobody needs to write it: it is there so that a program that knows another one says so.";
    example = 1;
  };
  level = {
    type = level;
    default = 1;
    description = ''
      The trust level (posture): 1, one builder and a transparency log; 2, a quorum of independent builders and a log; 3, such a quorum, anchored in a contract.

      **Levels 2 and 3 are not served by `nix-seed` yet.** They can be written down, and what they need is checked here, but nothing is accepted under them.
    '';
    example = 1;
  };
  source = {
    type = formats.source;
    description = ''
      The repository that is built: what a statement has to name as its source.

      There is one form, `git+https://HOST/PATH`, and other ways to write it become that: `github:owner/app`, `https://github.com/owner/app.git` and
      `git@github.com:owner/app.git` are all `git+https://github.com/owner/app`. It is a name, which is compared as a text. So it has no branch and no user. A flake that is not at
      the top of its repository has its folder: `github:owner/app?dir=tools`. What can be had by ssh alone is `git+ssh://HOST/PATH`.
    '';
    example = "github:owner/app";
  };
  registry = {
    type = nullOr formats.repository;
    default = null;
    description = "Where seeds and statements go: a repository of images. Null: it is named on the command line.";
    example = "ghcr.io/owner/app";
  };
  builders = {
    type = attrsOf {
      of = seedCfgBuilder;
      key = formats.builderName;
      called = "<name>";
      example = "github";
    };
    description = ''
      Whom to believe: at least one builder, by a name of your choice.

      A builder has an `issuer` with `subjects`, or `keys`, or both, and then either will do. No two may have the same key or the same subject: they would be one.
    '';
    example.github = {
      issuer = "https://token.actions.githubusercontent.com";
      subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
    };
  };
  trustedRoot = {
    type = nullOr formats.trustedRoot;
    default = null;
    description = ''
      Whose certificates, logs and time stamps count: a trusted root as Sigstore has it (`trusted_root.json`), or the path of one. Null: the public-good instance's, as it was when `nix-seed` was
      released.
    '';
    example = {
      literal = "./trusted_root.json";
    };
  };
  logs = {
    type = nullOr (listOf {
      of = formats.url;
      min = 1;
    });
    default = null;
    description = "Which of the trusted root's logs count, by their base addresses. Null: all.";
    example = [ "https://rekor.sigstore.dev" ];
  };
  services = {
    type = record {
      fulcio = {
        type = nullOr formats.url;
        default = null;
        description = "Where certificates come from (Fulcio). Null: the public-good instance.";
        example = "https://fulcio.example.org";
      };
      rekor = {
        type = nullOr formats.url;
        default = null;
        description = "Which log new signatures are entered in (Rekor). Null: the public-good instance's.";
        example = "https://rekor.example.org";
      };
      rekorVersion = {
        type = nullOr (enum [
          1
          2
        ]);
        default = null;
        description = "Which version of Rekor's API `rekor` speaks; to be given with it, and not without. Version 2 takes no Ed25519 key.";
        example = 2;
      };
      timestamp = {
        type = nullOr formats.url;
        default = null;
        description = "Where signatures are stamped with the time (RFC 3161). Null: the public-good instance's, where a stamp is needed.";
        example = "https://timestamp.example.org/api/v1/timestamp";
      };
    };
    default = { };
    description = "Where a builder signs, for instances of one's own. Whether what they give is believed, `trustedRoot` says.";
    example = {
      fulcio = "https://fulcio.example.org";
      rekor = "https://rekor.example.org";
      rekorVersion = 2;
    };
  };
  freshness = {
    type = record {
      maxAge = {
        type = nullOr (int {
          min = 60;
          max = 10 * 365 * 24 * 60 * 60;
        });
        default = null;
        description = "How many seconds after it was signed a statement is believed. Null: always. It holds back who would serve an old release for ever.";
        example = 90 * 24 * 60 * 60;
      };
    };
    default = { };
    description = "How old a statement may be.";
    example.maxAge = 90 * 24 * 60 * 60;
  };
  build = {
    type = record {
      sandbox = {
        type = bool;
        default = true;
        description = ''
          Whether a result counts only if it was built in Nix' sandbox.

          Without it, a builder's programs can read the signing token, and honest builders do not get the same bytes. False gives a warning, and is refused from Level 2 on.
        '';
        example = true;
      };
      substituters = {
        type = listOf { of = formats.cache; };
        default = [ ];
        description = "Binary caches that an attested build may take results from. What comes from one is as trustworthy as its signers. From Level 2 on there are none.";
        example = [ "https://cache.nixos.org" ];
      };
    };
    default = { };
    description = "How results have to have been built.";
    example.sandbox = true;
  };
  outputs = {
    type = attrsOf {
      of = record {
        level = {
          type = level;
          description = "The trust level of this output.";
          example = 2;
        };
      };
      key = formats.output;
      called = "<output>";
      example = "packages.default";
      max = 1000;
    };
    default = { };
    description = ''
      What is different for single outputs, each by its attribute path in quotes.

      `"packages.default"` is the one of each system; `"packages.x86_64-linux.default"` goes before it.
    '';
    example."packages.default".level = 2;
  };
  quorum = {
    type = nullOr (record {
      n = {
        type = int {
          min = 1;
          max = 64;
        };
        description = "How many independent builders have to say the same. More than half of `m`, so that no two releases can both have a quorum.";
        example = 2;
      };
      m = {
        type = int {
          min = 1;
          max = 64;
        };
        description = "Of how many: the number of `builders`. Level 3 wants three at least.";
        example = 3;
      };
    });
    default = null;
    description = "For Levels 2 and 3: how many of the builders have to agree.";
    example = {
      n = 2;
      m = 3;
    };
  };
  contract = {
    type = nullOr (record {
      chainId = {
        type = int {
          min = 1;
          max = 9007199254740991;
        };
        description = "The chain, by its number.";
        example = 8453;
      };
      address = {
        type = formats.address;
        description = "Where on the chain the contract is.";
        example = "0x00000000000000000000000000000000000000aa";
      };
      codeHash = {
        type = formats.codeHash;
        description = "What the contract's code has to be, so that nobody puts another in its place.";
        example = "0x00000000000000000000000000000000000000000000000000000000000000aa";
      };
      endpoints = {
        type = listOf {
          of = formats.url;
          min = 1;
        };
        description = "Who is asked about the chain. One alone could lie.";
        example = [
          "https://mainnet.base.org"
          "https://base.example.org"
        ];
      };
    });
    default = null;
    description = "For Level 3: the contract that releases are anchored in.";
    example = {
      chainId = 8453;
      address = "0x00000000000000000000000000000000000000aa";
      codeHash = "0x00000000000000000000000000000000000000000000000000000000000000aa";
      endpoints = [ "https://mainnet.base.org" ];
    };
  };
}
