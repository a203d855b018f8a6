# seedCfgRules :: Cfg -> [ Result ]
#
# Why: what single values cannot show: that somebody is believed at all, that nobody is counted twice, that a level has what it needs. The configuration is
# in its normal form. Each refusal says what to write.
#
# Example:
#   seedCfgRules { builders = { }; … }  => [ { ok = false; message = "nix-seed: seedCfg has no builder, …"; } … ]
{
  attributePath,
  signerSecret,
}:
cfg:
let
  require = condition: message: if condition then { ok = true; } else { ok = false; inherit message; };

  names = builtins.attrNames cfg.builders;
  count = builtins.length names;
  at = name: attributePath [ "builders" name ];

  levels = [ cfg.level ] ++ map (output: output.level) (builtins.attrValues cfg.outputs);
  highest = builtins.foldl' (most: level: if level > most then level else most) 1 levels;
  atLevel = least: condition: message: require (highest < least || condition) "nix-seed: seedCfg: Level ${toString highest} ${message}";

  ofBuilder =
    name:
    let
      builder = cfg.builders.${name};
    in
    [
      (require (builder.issuer == null || builder.subjects != [ ]) ''
        nix-seed: seedCfg's ${at name} has an issuer, but no subjects: anybody whom the issuer knows would be this builder.
        For example: ${at name}.subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];'')
      (require (builder.subjects == [ ] || builder.issuer != null) ''
        nix-seed: seedCfg's ${at name} has subjects, but no issuer: a subject is worth as much as who says so.
        For example: ${at name}.issuer = "https://token.actions.githubusercontent.com";'')
      (require (builder.issuer != null || builder.subjects != [ ] || builder.keys != [ ]) ''
        nix-seed: seedCfg's ${at name} has neither an issuer with subjects nor keys: no signature could be its own.
        For example: ${at name}.keys = [ ./keys/${name}.pub ];'')
      (require (builder.signer == null || !signerSecret builder.signer) ''
        nix-seed: seedCfg's ${at name}.signer has a PIN or a password in it, which is not repeated here: whatever is in a flake can be read by everybody.
        Have the command read it from the environment or from a file: "--pin" "env:PIN". Then change it.'')
    ]
    ++ map
      (
        fact:
        atLevel 2 (builder.${fact} != null && builder.${fact} != [ ])
          ''needs ${at name}.${fact}: whether builders are independent is counted by parents, jurisdictions and infrastructure.''
      )
      [
        "parent"
        "jurisdictions"
        "infrastructure"
      ];

  # Pairs, each once.
  pairs = builtins.concatMap (a: builtins.concatMap (b: if a < b then [ { inherit a b; } ] else [ ]) names) names;
  distinct =
    { a, b }:
    let
      one = cfg.builders.${a};
      other = cfg.builders.${b};
      shares = list: builtins.any (element: builtins.elem element list);
    in
    [
      (require (!shares one.keys other.keys)
        "nix-seed: seedCfg's ${at a} and ${at b} have a key in common: they would be one builder under two names.\nGive each keys of its own, or make one builder of them."
      )
      (require (!(one.issuer == other.issuer && shares one.subjects other.subjects))
        "nix-seed: seedCfg's ${at a} and ${at b} have an issuer and a subject in common: they would be one builder under two names.\nGive each subjects of its own, or make one builder of them."
      )
    ];

  inherit (cfg) quorum services;
  n = toString quorum.n;
  m = toString quorum.m;
in
[
  (require (names != [ ]) ''
    nix-seed: seedCfg has no builder, so nobody could vouch for anything.
    For example: builders.github = { issuer = "https://token.actions.githubusercontent.com"; subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ]; };'')
]
++ builtins.concatMap ofBuilder names
++ builtins.concatMap distinct pairs
++ [
  (require (services.rekor == null || services.rekorVersion != null) ''
    nix-seed: seedCfg's services.rekor is given without services.rekorVersion: the two versions are spoken to in different ways.
    For example: services.rekorVersion = 2;'')
  (require (services.rekorVersion == null || services.rekor != null) ''
    nix-seed: seedCfg's services.rekorVersion is given without services.rekor, whose version it is.
    For example: services.rekor = "https://rekor.example.org";'')
  (require (quorum == null || quorum.m == count) ''
    nix-seed: seedCfg's quorum.m is ${m}, but there are ${toString count} builders: it is counted of all of them.
    Write: quorum.m = ${toString count};'')
  (require (quorum == null || quorum.n <= quorum.m) ''
    nix-seed: seedCfg's quorum.n is ${n}, more than quorum.m, which is ${m}: no release could ever reach it.
    Write: quorum.n = ${toString (quorum.m / 2 + 1)};'')
  (require (quorum == null || 2 * quorum.n > quorum.m) ''
    nix-seed: seedCfg's quorum.n is ${n}, not more than half of quorum.m, which is ${m}: two different releases could both reach it.
    Write: quorum.n = ${toString (quorum.m / 2 + 1)};'')
  (atLevel 2 (quorum != null) "needs a quorum.\nFor example: quorum = { n = 2; m = 3; };")
  (atLevel 2 cfg.build.sandbox "needs build.sandbox = true: honest builders get the same bytes only in a sandbox.")
  (atLevel 2 (cfg.build.substituters == [ ])
    "needs build.substituters = [ ]: builders that take results from one cache are not independent."
  )
  (atLevel 3 (quorum == null || quorum.m >= 3) "needs three builders at least: quorum.m is ${m}.")
  (atLevel 3 (cfg.contract != null)
    "needs a contract.\nFor example: contract = { chainId = 8453; address = \"0x…\"; codeHash = \"0x…\"; endpoints = [ \"https://mainnet.base.org\" ]; };"
  )
]
