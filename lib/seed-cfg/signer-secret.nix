# signerSecret :: [ String ] -> Bool
#
# Why: a signer's command is a part of the flake, and so in the Nix store of everybody who evaluates it. A PIN in it would be told to all. Whether there
# is one is decided by the names of options that programs for tokens have (pkcs11-tool, openssl, `pin-value` of RFC 7512); what names a
# variable or a file is none.
#
# Example:
#   signerSecret [ "pkcs11-tool" "--pin" "1234" ]     => true
#   signerSecret [ "pkcs11-tool" "--pin" "env:PIN" ]  => false
{ }:
arguments:
let
  count = builtins.length arguments;
  option = "(--pin|--so-pin|--new-pin|--password|--passphrase|-pass|-passin)";
  begins = part: text: builtins.substring 0 (builtins.stringLength part) text == part;
  isReference =
    value:
    value == "" || builtins.any (prefix: begins prefix value) [
      "-"
      "env:"
      "file:"
      "stdin"
    ];
  isSecretAt =
    index:
    let
      argument = builtins.elemAt arguments index;
      assigned = builtins.match "${option}=(.*)" argument;
      next = if index + 1 < count then builtins.elemAt arguments (index + 1) else "";
    in
    builtins.replaceStrings [ "pin-value=" ] [ "" ] argument != argument
    || assigned != null && !isReference (builtins.elemAt assigned 1)
    || builtins.match option argument != null && !isReference next;
in
builtins.any isSecretAt (builtins.genList (index: index) count)
