# seedCfgFormats :: { <name> = Type; }
#
# Why: the texts that a seedCfg is made of, each with its form. nix-seed checks the same forms again (client/cfg), since a configuration may also come
# from a JSON file.
#
# Example:
#   seedCfgFormats.url.expected  => "an https address, its host in small letters, …"
{
  attributePath,
  describe,
  publicKey,
  schemaTypes,
  sourceUri,
  subjectPattern,
  urlOf,
}:
let
  inherit (schemaTypes) file text;
  isMatch = pattern: value: builtins.match pattern value != null;
  refused = fault: { faults = [ fault ]; };

  host = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?";
  port = "(:[1-9][0-9]{0,4})?";
  path = "(/[A-Za-z0-9._~%+-]*)*";
  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  loopback = "(localhost|127([.]${octet}){3})";
  segment = "[A-Za-z0-9._~+-]+";
  # Of an attribute path: bare, or in quotes where it has to be.
  component = "([A-Za-z_][A-Za-z0-9_'-]*|\"[^\"\\\\]+\")";
  system = "[a-z0-9_]+-[a-z0-9]+";
in
rec {
  url = text rec {
    expected = "an https address, its host in small letters, without user, parameters or fragment; on this machine (localhost, 127.0.0.0/8) http will do";
    pattern = "https://${host}${port}${path}|http://${loopback}${port}${path}";
    read =
      value:
      let
        parts = urlOf value;
      in
      if isMatch pattern value then
        { inherit value; }
      else if parts != null && parts.user then
        refused "has a user or a password in it, which is not repeated here: a configuration is read by everybody"
      else if parts != null && parts.scheme == "http" then
        refused "is ${describe value}, over http: whoever is in between can answer in its name"
      else
        refused "is ${describe value}";
  };

  source = text {
    expected = "the address of a repository: github:OWNER/NAME, gitlab:OWNER/NAME, sourcehut:~OWNER/NAME, https://HOST/PATH, git+https://HOST/PATH or git@HOST:PATH";
    pattern = "git[+](https|http|ssh)://${host}${port}(/${segment})+([?]dir=${segment}(/${segment})*)?|git[+]file://(/${segment})+([?]dir=${segment}(/${segment})*)?";
    max = 500;
    read = sourceUri;
  };

  repository = text rec {
    expected = "a repository of images, HOST/NAME: after a host that has a `.` or a port, or is localhost, words in small letters parted by `.`, `_`, `-` or `/`; no tag, no digest";
    pattern = "(localhost|[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+|[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*:[0-9]+)(/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)+";
  };

  builderName = text {
    expected = "a builder's name: small letters, digits and `-`, the first a letter, at most 40";
    pattern = "[a-z][a-z0-9-]*";
    max = 40;
  };

  # Compared as texts, so nothing may look alike and be two.
  party = text {
    expected = "a name in small letters, digits, `.` and `-`, at most 63";
    pattern = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?";
    max = 63;
  };

  country = text {
    expected = "a country's two capital letters, as ISO 3166-1 has them";
    pattern = "[A-Z]{2}";
    max = 2;
  };

  subject = text {
    expected = "a pattern of a certificate's whole subject: `*` is any run of characters but `/` and `@`, `**` any run of characters, and anything else is itself";
    pattern = "[!-~]+";
    max = 512;
    read = subjectPattern;
  };

  key = file {
    expected = "a public key in PEM (-----BEGIN PUBLIC KEY-----), or the path of its file";
    pattern = "-----BEGIN PUBLIC KEY-----\\n([A-Za-z0-9+/]+={0,2}\\n)+-----END PUBLIC KEY-----\\n";
    max = 4096;
    read = publicKey;
  };

  argument = text {
    expected = "a word of a command, of ASCII characters that can be seen, or blanks";
    pattern = "[ -~]+";
    max = 1024;
  };

  trustedRoot = file {
    expected = "a trusted root as Sigstore has it (application/vnd.dev.sigstore.trustedroot), or the path of its file";
    max = 1024 * 1024;
    read =
      value:
      if
        builtins.substring 0 1 value == "{"
        && builtins.replaceStrings [ "application/vnd.dev.sigstore.trustedroot" ] [ "" ] value != value
      then
        { inherit value; }
      else
        refused "is no trusted root: that is a JSON object whose mediaType is application/vnd.dev.sigstore.trustedroot…";
  };

  cache = text {
    expected = "the address of a binary cache, https:// or s3://, or http:// on this machine, without user or parameters";
    pattern = "${url.pattern}|s3://${host}${path}";
    read =
      value:
      if isMatch cache.pattern value then { inherit value; } else if isMatch "s3://.*" value then refused "is ${describe value}" else url.read value;
  };

  output = text rec {
    expected = "an output in quotes, with or without its system: \"packages.default\", \"packages.x86_64-linux.default\", of apps, checks, devShells, formatter or packages";
    pattern = "(apps|checks|devShells|packages)([.]${system})?[.]${component}|formatter([.]${system})?";
    read =
      value:
      let
        bare = builtins.match "(.*[.])?${component}" value;
        last = builtins.elemAt bare 1;
        length = builtins.stringLength last;
        isQuoted = builtins.substring 0 1 last == "\"";
        isAsOneTypes = !isQuoted || attributePath [ (builtins.substring 1 (length - 2) last) ] == last;
      in
      if
        isMatch pattern value
        && isAsOneTypes
        # All of a system is no output.
        && !isMatch "[^.]*[.]${system}" value || isMatch "formatter[.]${system}" value
      then
        { inherit value; }
      else
        refused "is ${describe value}";
  };

  address = text {
    expected = "an address of a contract: 0x and 40 hexadecimal digits in small letters";
    pattern = "0x[0-9a-f]{40}";
  };

  codeHash = text {
    expected = "the Keccak-256 hash of a contract's code: 0x and 64 hexadecimal digits in small letters";
    pattern = "0x[0-9a-f]{64}";
  };
}
