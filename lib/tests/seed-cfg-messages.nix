# What is said of a seedCfg that is wrong, word for word; and of what is written in other forms than the normal one.
{ lib }:
let
  right = {
    source = "github:owner/app";
    builders.ci.keys = [ ../seed-cfg/examples/keys/ci.pub ];
  };
  message = wrong: (lib.checkSeedCfg (right // wrong)).message or "no message: it is accepted";
  # Of a message, the line that names the mistake.
  line = wrong: builtins.head (builtins.split "\n" (message wrong));
  says = wrong: text: {
    actual = line wrong;
    expected = text;
  };
  whole = wrong: text: {
    actual = message wrong;
    expected = text;
  };
  holds = part: text: builtins.replaceStrings [ part ] [ "" ] text != text;
  # Of the key's two lines, and what stands around them.
  holdsAny = builtins.any (text: builtins.any (part: holds part text) [ "MFkw" "rnDu" ]);
  builder = of: { builders.ci = of; };
  keys = keys: builder { inherit keys; };
  key = builtins.readFile ../seed-cfg/examples/keys/ci.pub;
  keyFault = fault: "nix-seed: seedCfg's option `builders.ci.keys` is not what it has to be: element 1 of 1 ${fault}.";
  as = label: builtins.replaceStrings [ "PUBLIC KEY" ] [ label ] key;

  source = text: fault: says { source = text; } "nix-seed: seedCfg's option `source` is not what it has to be: it ${fault}.";
  named = text: name: {
    actual = (lib.checkSeedCfg (right // { source = text; })).cfg.source;
    expected = name;
  };
  revision = "names a branch, a tag or a commit: the source is the repository with all its commits; a branch belongs into a builder's `subjects`";
  notARepository = "is not the address of a repository: github.com has them at github.com/OWNER/NAME";
  notAPath = "has a path that is none of a repository: segments of letters, digits, `.`, `_`, `~`, `+` and `-`";
in
{
  "not a set" = {
    actual = (lib.checkSeedCfg [ ]).message;
    expected = "nix-seed: seedCfg takes a set of options, but what it got is a list.";
  };
  "an option that is not known, and one near it" = whole { trustedroot = null; } ''
    nix-seed: seedCfg has no option `trustedroot`. Did you mean `trustedRoot`?
    The options are: build, builders, contract, freshness, level, logs, outputs, quorum, registry, services, source, trustedRoot, version.'';
  "an option that is not known, and is elsewhere" = whole { sandbox = true; } ''
    nix-seed: seedCfg has no option `sandbox`. Did you mean `build.sandbox`?
    The options are: build, builders, contract, freshness, level, logs, outputs, quorum, registry, services, source, trustedRoot, version.'';
  "an option that is not known at all" = says { colour = "red"; } "nix-seed: seedCfg has no option `colour`.";
  "an option of a builder that is not known" = whole (builder { isuer = "x"; keys = [ key ]; }) ''
    nix-seed: seedCfg has no option `builders.ci.isuer`. Did you mean `builders.ci.issuer`?
    The options of builders.ci are: infrastructure, issuer, jurisdictions, keys, parent, signer, subjects.'';
  "an option that is missing" = {
    actual = (lib.checkSeedCfg { inherit (right) builders; }).message;
    expected = ''
      nix-seed: seedCfg needs the option `source`.
      Expected: the address of a repository: github:OWNER/NAME, gitlab:OWNER/NAME, sourcehut:~OWNER/NAME, https://HOST/PATH, git+https://HOST/PATH or git@HOST:PATH.
      For example: source = "github:owner/app";'';
  };
  "no builders" = {
    actual = (lib.checkSeedCfg { inherit (right) source; }).message;
    expected = ''
      nix-seed: seedCfg needs the option `builders`.
      Expected: a set, in which each name is a builder's name: small letters, digits and `-`, the first a letter, at most 40.
      For example: builders = {
        github = {
          issuer = "https://token.actions.githubusercontent.com";
          subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];
        };
      };'';
  };
  "a set of builders with nobody in it" = whole { builders = { }; } ''
    nix-seed: seedCfg has no builder, so nobody could vouch for anything.
    For example: builders.github = { issuer = "https://token.actions.githubusercontent.com"; subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ]; };'';
  "a builder that is none" = whole { builders.ci = "github"; } ''
    nix-seed: seedCfg's builders.ci is not what it has to be: it is the string "github".
    Expected: a set with the options infrastructure, issuer, jurisdictions, keys, parent, signer, subjects.'';
  "a builder's name" = whole { builders."My CI" = right.builders.ci; } ''
    nix-seed: seedCfg's builders has a name that is not what it has to be: it is the string "My CI".
    Expected: a builder's name: small letters, digits and `-`, the first a letter, at most 40.
    For example: builders.github = …;'';
  "a builder of which nothing is known" = whole (builder { }) ''
    nix-seed: seedCfg's builders.ci has neither an issuer with subjects nor keys: no signature could be its own.
    For example: builders.ci.keys = [ ./keys/ci.pub ];'';
  "an issuer without subjects" = whole (builder { issuer = "https://gitlab.com"; }) ''
    nix-seed: seedCfg's builders.ci has an issuer, but no subjects: anybody whom the issuer knows would be this builder.
    For example: builders.ci.subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];'';
  "subjects without an issuer" = whole (builder { subjects = [ "me@example.org" ]; }) ''
    nix-seed: seedCfg's builders.ci has subjects, but no issuer: a subject is worth as much as who says so.
    For example: builders.ci.issuer = "https://token.actions.githubusercontent.com";'';
  "an issuer over http" = whole (builder { issuer = "http://gitlab.example.org"; subjects = [ "me@example.org" ]; }) ''
    nix-seed: seedCfg's option `builders.ci.issuer` is not what it has to be: it is the string "http://gitlab.example.org", over http: whoever is in between can answer in its name.
    Expected: an https address, its host in small letters, without user, parameters or fragment; on this machine (localhost, 127.0.0.0/8) http will do; or null.
    For example: builders.ci.issuer = "https://token.actions.githubusercontent.com";'';
  "an address with a password" = says { services.fulcio = "https://me:secret@example.org"; }
    "nix-seed: seedCfg's option `services.fulcio` is not what it has to be: it has a user or a password in it, which is not repeated here: a configuration is read by everybody.";
  "a subject that anybody could have" = whole (builder { issuer = "https://gitlab.com"; subjects = [ "me@example.org" "**" ]; }) ''
    nix-seed: seedCfg's option `builders.ci.subjects` is not what it has to be: element 2 of 2 is the string "**", which matches anybody: before a wildcard, name the place (https://HOST/OWNER/), or after it the domain of addresses (@DOMAIN).
    Expected: a list, each a pattern of a certificate's whole subject: `*` is any run of characters but `/` and `@`, `**` any run of characters, and anything else is itself.
    For example: builders.ci.subjects = [ "https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/main" ];'';
  "a subject of any owner" = says (builder { issuer = "https://gitlab.com"; subjects = [ "https://github.com/*/app/x@refs/heads/main" ]; })
    "nix-seed: seedCfg's option `builders.ci.subjects` is not what it has to be: element 1 of 1 is the string \"https://github.com/*/app/x@refs/heads/main\", which leaves open whose place on github.com it is, where anybody may have one: name the owner, and end it with a `/`.";
  "a subject of any host" = says (builder { issuer = "https://gitlab.com"; subjects = [ "https://**" ]; })
    "nix-seed: seedCfg's option `builders.ci.subjects` is not what it has to be: element 1 of 1 is the string \"https://**\", which leaves the host open, so that anybody may have one that matches.";
  "a subject that is a token's" = says (builder { issuer = "https://gitlab.com"; subjects = [ "repo:owner/app:*" ]; })
    "nix-seed: seedCfg's option `builders.ci.subjects` is not what it has to be: element 1 of 1 is the string \"repo:owner/app:*\", which is the token's `sub`: a certificate's subject is another, as https://github.com/OWNER/NAME/.github/workflows/FILE@refs/heads/BRANCH.";
  "two builders with one key" = whole { builders = { a.keys = [ key ]; b.keys = [ key ]; }; } ''
    nix-seed: seedCfg's builders.a and builders.b have a key in common: they would be one builder under two names.
    Give each keys of its own, or make one builder of them.'';
  "a level that is none" = whole { level = 4; } ''
    nix-seed: seedCfg's option `level` is not what it has to be: it is the integer 4.
    Expected: 1, 2 or 3.
    For example: level = 1;'';
  "a set in a set" = whole { outputs.packages.default.level = 2; } ''
    nix-seed: seedCfg's outputs has a name that is not what it has to be: it is the string "packages".
    Expected: an output in quotes, with or without its system: "packages.default", "packages.x86_64-linux.default", of apps, checks, devShells, formatter or packages.
    For example: outputs."packages.default" = …;'';
  "a number that is too small" = says { freshness.maxAge = 1; } "nix-seed: seedCfg's option `freshness.maxAge` is not what it has to be: it is the integer 1.";
  "an empty list of logs" = says { logs = [ ]; } "nix-seed: seedCfg's option `logs` is not what it has to be: it is an empty list.";
  "a log's version without a log" = whole { services.rekorVersion = 1; } ''
    nix-seed: seedCfg's services.rekorVersion is given without services.rekor, whose version it is.
    For example: services.rekor = "https://rekor.example.org";'';
  "a log without its version" = whole { services.rekor = "https://rekor.example.org"; } ''
    nix-seed: seedCfg's services.rekor is given without services.rekorVersion: the two versions are spoken to in different ways.
    For example: services.rekorVersion = 2;'';
  "a quorum that is not more than half" = whole { quorum = { n = 1; m = 2; }; builders = right.builders // { b = { issuer = "https://gitlab.com"; subjects = [ "me@example.org" ]; }; }; } ''
    nix-seed: seedCfg's quorum.n is 1, not more than half of quorum.m, which is 2: two different releases could both reach it.
    Write: quorum.n = 2;'';
  "a quorum of others than there are" = whole { quorum = { n = 2; m = 3; }; } ''
    nix-seed: seedCfg's quorum.m is 3, but there are 1 builders: it is counted of all of them.
    Write: quorum.m = 1;'';
  "level 2 without what it needs" = whole { level = 2; } ''
    nix-seed: seedCfg: Level 2 needs builders.ci.parent: whether builders are independent is counted by parents, jurisdictions and infrastructure.

    nix-seed: seedCfg: Level 2 needs builders.ci.jurisdictions: whether builders are independent is counted by parents, jurisdictions and infrastructure.

    nix-seed: seedCfg: Level 2 needs builders.ci.infrastructure: whether builders are independent is counted by parents, jurisdictions and infrastructure.

    nix-seed: seedCfg: Level 2 needs a quorum.
    For example: quorum = { n = 2; m = 3; };'';
  "several mistakes at once" = whole { level = 0; registry = "app"; logs = "x"; } ''
    nix-seed: seedCfg's option `level` is not what it has to be: it is the integer 0.
    Expected: 1, 2 or 3.
    For example: level = 1;

    nix-seed: seedCfg's option `logs` is not what it has to be: it is the string "x".
    Expected: a list of at least 1, each an https address, its host in small letters, without user, parameters or fragment; on this machine (localhost, 127.0.0.0/8) http will do; or null.
    For example: logs = [ "https://rekor.sigstore.dev" ];

    nix-seed: seedCfg's option `registry` is not what it has to be: it is the string "app".
    Expected: a repository of images, HOST/NAME: after a host that has a `.` or a port, or is localhost, words in small letters parted by `.`, `_`, `-` or `/`; no tag, no digest; or null.
    For example: registry = "ghcr.io/owner/app";'';

  "keys: a path, a string that is one, its text: one and the same" = {
    actual = map (key: (lib.checkSeedCfg (right // keys [ key ])).cfg.builders.ci.keys == [ (builtins.readFile ../seed-cfg/examples/keys/ci.pub) ]) [
      ../seed-cfg/examples/keys/ci.pub
      (toString ../seed-cfg/examples/keys/ci.pub)
      "${../seed-cfg/examples/keys/ci.pub}"
      key
      "\n  ${builtins.replaceStrings [ "\n" ] [ "\r\n\n  " ] key}  "
    ];
    expected = [ true true true true true ];
  };
  "keys: what is read has no context" = {
    actual = builtins.getContext (builtins.toJSON (lib.checkSeedCfg (right // keys [ "${../seed-cfg/examples/keys/ci.pub}" ])).cfg);
    expected = { };
  };
  "keys: a private one" = says (keys [ (as "EC PRIVATE KEY") ]) (
    keyFault "holds a private key, which is not repeated here: whatever is in a flake can be read by everybody, so take it out and make another"
  );
  "keys: a private one in a file" = says (keys [ (builtins.toFile "ci.key" (as "PRIVATE KEY")) ]) (
    keyFault "is the file ${builtins.unsafeDiscardStringContext (builtins.toFile "ci.key" (as "PRIVATE KEY"))}, which holds a private key, which is not repeated here: whatever is in a flake can be read by everybody, so take it out and make another"
  );
  "keys: no word of a private key is repeated" = {
    actual = holdsAny (
      map (wrong: (lib.checkSeedCfg (right // wrong)).message) [
        (keys [ (as "PRIVATE KEY") ])
        (keys (as "PRIVATE KEY"))
        { level = "PRIVATE KEY MFkw"; }
        { builders = "PRIVATE KEY MFkw"; }
        { source = as "PRIVATE KEY"; }
        { registry = as "PRIVATE KEY"; }
        { trustedRoot = as "PRIVATE KEY"; }
        { builders = as "PRIVATE KEY"; }
        (builder { signer = [ "sign" (as "PRIVATE KEY") ]; })
        (builder { issuer = "https://gitlab.com"; subjects = [ (as "PRIVATE KEY") ]; })
      ]
    );
    expected = false;
  };
  "keys: a certificate" = says (keys [ (as "CERTIFICATE") ]) (
    keyFault "holds a certificate: write what this prints: openssl x509 -in CERTIFICATE -noout -pubkey"
  );
  "keys: PKCS #1" = says (keys [ (as "RSA PUBLIC KEY") ]) (
    keyFault "holds a key as PKCS #1 has it: write what this prints: openssl rsa -RSAPublicKey_in -in KEY -pubout"
  );
  "keys: ssh" = says (keys [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH me" ]) (
    keyFault "holds a key as ssh has it: write what this prints: ssh-keygen -e -m PKCS8 -f KEY.pub"
  );
  "keys: OpenPGP" = says (keys [ (as "PGP PUBLIC KEY BLOCK") ]) (
    keyFault "holds a key of OpenPGP, which signs nothing here: make another with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"
  );
  "keys: two in one" = says (keys [ (key + key) ]) (keyFault "holds several keys: write each as an element of its own");
  "keys: a path in quotes" = says (keys [ "./ci.pub" ]) (keyFault "is a string that looks like a path: write a path without quotes");
  "keys: a file that is not there" = says (keys [ /none/ci.pub ]) (
    keyFault "is the file /none/ci.pub, which is not there (in a git checkout, Nix sees only files that git knows: git add ci.pub)"
  );
  "keys: a folder" = says (keys [ ./seed-cfg ]) (keyFault "is ${toString ./seed-cfg}, which is a folder, not a file");
  "keys: a link" = says (keys [ ../../checks/nix ]) (keyFault "is ${toString ../../checks/nix}, which is a symbolic link, not a file");
  "keys: a file that holds none" = says (keys [ ./make.nix ]) (
    keyFault "is the file ${toString ./make.nix}, which holds no public key that begins with -----BEGIN PUBLIC KEY-----, ends with -----END PUBLIC KEY----- and has base64 between"
  );
  "keys: a result" = says (keys [ (import ./make.nix "keys" { }).outPath ]) (
    keyFault "is the result of a derivation: whom to trust has to be known before anything is built"
  );
  "keys: a derivation" = says (keys [ (import ./make.nix "keys" { }) ]) (keyFault "is the derivation `keys`");
  "keys: a line of any length does not exhaust the stack" = says (keys [ (builtins.substring 0 4000 (builtins.concatStringsSep "" (builtins.genList (_: "x") 4000))) ]) (
    keyFault "holds no public key that begins with -----BEGIN PUBLIC KEY-----, ends with -----END PUBLIC KEY----- and has base64 between"
  );
  "keys: a long text" = says (keys [ (builtins.concatStringsSep "" (builtins.genList (_: "x") 200000)) ]) (keyFault "is a string of 200000 bytes, more than 4096");
  "a long text does not exhaust the stack" = says { registry = builtins.concatStringsSep "" (builtins.genList (_: "x") 200000); }
    "nix-seed: seedCfg's option `registry` is not what it has to be: it is a string of 200000 bytes, more than 255.";
  "a store path" = says (builder { signer = [ "${import ./make.nix "signer" { }}/bin/sign" ]; })
    "nix-seed: seedCfg's option `builders.ci.signer` is not what it has to be: element 1 of 1 holds a store path, which is of one system, and which an evaluation does not make.";
  "a PIN" = whole (builder { keys = [ key ]; signer = [ "pkcs11-tool" "--pin" "1234" ]; }) ''
    nix-seed: seedCfg's builders.ci.signer has a PIN or a password in it, which is not repeated here: whatever is in a flake can be read by everybody.
    Have the command read it from the environment or from a file: "--pin" "env:PIN". Then change it.'';
  "a root of trust that is none" = says { trustedRoot = "{}"; }
    "nix-seed: seedCfg's option `trustedRoot` is not what it has to be: it is no trusted root: that is a JSON object whose mediaType is application/vnd.dev.sigstore.trustedroot….";

  "source: github" = named "github:owner/app" "git+https://github.com/owner/app";
  "source: github of one's own" = named "github:owner/app?host=ghe.example.org" "git+https://ghe.example.org/owner/app";
  "source: gitlab" = named "gitlab:group/app" "git+https://gitlab.com/group/app";
  "source: a group in a group" = named "gitlab:group%2Fpart/app" "git+https://gitlab.com/group/part/app";
  "source: sourcehut" = named "sourcehut:~owner/app" "git+https://git.sr.ht/~owner/app";
  "source: https" = named "https://github.com/owner/app" "git+https://github.com/owner/app";
  "source: as a browser has it" = named "https://GitHub.com:443/owner/app.git/" "git+https://github.com/owner/app";
  "source: as git has it" = named "git@github.com:owner/app.git" "git+https://github.com/owner/app";
  "source: ssh to a forge" = named "git+ssh://git@gitlab.com/group/app.git" "git+https://gitlab.com/group/app";
  "source: ssh to another" = named "git@git.example.org:team/app" "git+ssh://git.example.org/team/app";
  "source: ssh to another port" = named "ssh://git@git.example.org:2222/team/app" "git+ssh://git.example.org:2222/team/app";
  "source: this machine" = named "http://localhost:3000/team/app" "git+http://localhost:3000/team/app";
  "source: a file" = named "git+file:///srv/git/app.git" "git+file:///srv/git/app";
  "source: a folder" = named "github:owner/app?dir=tools/cli/" "git+https://github.com/owner/app?dir=tools/cli";
  "source: a branch" = source "github:owner/app/main" revision;
  "source: a commit" = source "git+https://github.com/owner/app?rev=0123456789abcdef" revision;
  "source: a page" = source "https://github.com/owner/app/tree/main" notARepository;
  "source: a page of gitlab" = source "https://gitlab.com/group/app/-/tree/main" notAPath;
  "source: an owner" = source "github:owner" notARepository;
  "source: an output" = source "github:owner/app#default" "names an output of a flake (after the `#`): the source is the repository";
  "source: a password" = source "https://me:secret@github.com/owner/app" "has a user or a password in it, which is not repeated here: a source is a name, which everybody reads";
  "source: a password of another scheme" = source "ftp://me:secret@example.org/app" "has a user or a password in it, which is not repeated here";
  "source: a parameter" = source "https://github.com/owner/app?token=secret" "has the parameter \"token\": a source has none but `dir`, the folder of a flake that is not at the top";
  "source: http" = source "http://git.example.org/app" "is over http, where whoever is in between can put another source in its place: write git+https://";
  "source: a path that climbs" = source "https://git.example.org/a/../b" notAPath;
  "source: a folder that climbs" = source "github:owner/app?dir=../x" "has a `dir` that is no folder within the repository";
  "source: a file of a host" = source "file://server/app" "is a file of the host \"server\": write git+file:///PATH";
  "source: no host" = source "https://my_git/app" "has no host that is one: the string \"my_git\"";
  "source: no port" = source "https://git.example.org:x/app" "is the string \"https://git.example.org:x/app\"";
  "source: port 0" = source "https://git.example.org:0/app" "has no port that is one: the string \":0\"";
  "source: no scheme" = source "owner/app" "is the string \"owner/app\"";
  "source: a path" = source "path:." "is the string \"path:.\"";
}
