# seedCfgBuilder :: Type
#
# Why: what a seedCfg says of one builder: how its signatures are known, how it signs, and what Level 2 has to know to count it.
#
# Example:
#   seedCfgBuilder.fields.keys.default  => [ ]
{ schemaTypes, seedCfgFormats }:
let
  inherit (schemaTypes) listOf nullOr record;
  formats = seedCfgFormats;
in
record {
  issuer = {
    type = nullOr formats.url;
    default = null;
    description = ''
      Who says who this builder is: the issuer of the OpenID Connect tokens that its certificates were given for.

      It is compared byte by byte with what the certificate says. GitHub's is `https://token.actions.githubusercontent.com`, GitLab's `https://gitlab.com`,
      Buildkite's `https://agent.buildkite.com`. It comes with `subjects`; null where the builder signs with `keys`.
    '';
    example = "https://token.actions.githubusercontent.com";
  };
  subjects = {
    type = listOf { of = formats.subject; };
    default = [ ];
    description = ''
      Whom the issuer has to have named: patterns, of which one has to match the certificate's whole subject.

      `*` stands for any run of characters but `/` and `@`, `**` for any run of characters; everything else stands for itself. A workflow of GitHub is
      `https://github.com/OWNER/NAME/.github/workflows/FILE@refs/heads/BRANCH`, a pipeline of GitLab
      `https://gitlab.com/GROUP/NAME//.gitlab-ci.yml@refs/heads/BRANCH`, one of Buildkite `https://buildkite.com/ORGANIZATION/PIPELINE`, a person
      an address of mail. Name the branch: whoever may push to one that matches signs as this builder. A pattern that leaves the host or the owner open is
      refused; one that is merely wide gives a warning.
    '';
    example = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
  };
  keys = {
    type = listOf { of = formats.key; };
    default = [ ];
    description = ''
      Public keys that this builder signs with; each alone is enough.

      A path is read when the flake is evaluated, so git has to know the file. Several are for the time in which a key is replaced. A private key is refused.
    '';
    example = [ { literal = "./keys/ci.pub"; } ];
  };
  signer = {
    type = nullOr (listOf {
      of = formats.argument;
      min = 1;
    });
    default = null;
    description = ''
      The command that this builder signs with, where the key lies in an HSM, a token or a cloud's key management: a program and its arguments.

      It is for the builder itself; who verifies needs its public key in `keys`. Everybody can read it, so it holds no PIN: the command takes
      that from a file or from the environment (`--pin env:PIN`).
    '';
    example = [
      "pkcs11-sign"
      "--slot"
      "0"
    ];
  };
  parent = {
    type = nullOr formats.party;
    default = null;
    description = "Who owns the builder in the end. For Level 2: two builders of one parent count once.";
    example = "microsoft";
  };
  jurisdictions = {
    type = listOf { of = formats.country; };
    default = [ ];
    description = "Whose law can compel the builder or its parent. For Level 2: two builders that share one count once.";
    example = [ "US" ];
  };
  infrastructure = {
    type = nullOr formats.party;
    default = null;
    description = "Whose machines the builder runs on. For Level 2: two builders on one infrastructure count once.";
    example = "azure";
  };
}
