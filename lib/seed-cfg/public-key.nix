# publicKey :: String -> { value :: String } | { faults :: [ String ] }
#
# Why: keys come in many wrappings, of which one is read: PEM of SubjectPublicKeyInfo (RFC 7468, section 13). Of the others the command is named that
# makes it. The normal form has no carriage returns, no blanks around its lines and one line break at the end, so that one key is one text.
#
# Example:
#   publicKey "ssh-ed25519 AAAA…"  => { faults = [ "holds a key as ssh has it: write what this prints: ssh-keygen -e -m PKCS8 -f KEY.pub" ]; }
{ }:
text:
let
  refused = fault: { faults = [ fault ]; };
  holds = part: builtins.replaceStrings [ part ] [ "" ] text != text;
  begins = part: builtins.substring 0 (builtins.stringLength part) text == part;

  trimmed = line: builtins.head (builtins.match "[ \t\r]*(.*[^ \t\r]|)[ \t\r]*" line);
  # The length first: the regex engine recurses over a long line.
  split = builtins.filter builtins.isString (builtins.split "\n" text);
  isLong = builtins.any (line: builtins.stringLength line > 200) split;
  lines = builtins.filter (line: line != "") (map trimmed split);
  count = builtins.length lines;
  first = "-----BEGIN PUBLIC KEY-----";
  last = "-----END PUBLIC KEY-----";
  body = builtins.genList (index: builtins.elemAt lines (index + 1)) (count - 2);
  isBody =
    index:
    let
      line = builtins.elemAt body index;
      ends = if index == builtins.length body - 1 then "={0,2}" else "";
    in
    builtins.match "[A-Za-z0-9+/]+${ends}" line != null;
  # Base64 has four characters for three bytes.
  letters = builtins.foldl' (sum: line: sum + builtins.stringLength line) 0 body;
  isWhole = letters / 4 * 4 == letters;
in
if holds "BEGIN CERTIFICATE" then
  refused "holds a certificate: write what this prints: openssl x509 -in CERTIFICATE -noout -pubkey"
else if holds "BEGIN RSA PUBLIC KEY" then
  refused "holds a key as PKCS #1 has it: write what this prints: openssl rsa -RSAPublicKey_in -in KEY -pubout"
else if begins "ssh-" || begins "ecdsa-" || begins "sk-" || holds "BEGIN SSH2" then
  refused "holds a key as ssh has it: write what this prints: ssh-keygen -e -m PKCS8 -f KEY.pub"
else if holds "BEGIN PGP" then
  refused "holds a key of OpenPGP, which signs nothing here: make another with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"
else if begins "./" || begins "../" || begins "~" then
  refused "is a string that looks like a path: write a path without quotes"
else if builtins.length (builtins.split first text) > 3 then
  refused "holds several keys: write each as an element of its own"
else if
  isLong
  || count < 3
  || builtins.head lines != first
  || builtins.elemAt lines (count - 1) != last
  || !builtins.all isBody (builtins.genList (index: index) (count - 2))
  || !isWhole
then
  refused "holds no public key that begins with ${first}, ends with ${last} and has base64 between"
else
  { value = builtins.concatStringsSep "\n" lines + "\n"; }
