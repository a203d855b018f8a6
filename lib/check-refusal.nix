# checkRefusal :: { label :: String, chain :: [ String ], derivation :: String, kind :: String } -> { ok = false; message :: String; }
#
# Why: what the plan found that no seed can serve, by the output that needs it and the way to it.
#
# Example:
#   checkRefusal { label = "packages.x86_64-linux.default"; chain = [ … ]; derivation = "/nix/store/…-zlib.drv"; kind = "impure"; }
#   => { ok = false; message = "nix-seed: packages.x86_64-linux.default needs the result of /nix/store/…-zlib.drv, …"; }
{ }:
{
  label,
  chain,
  derivation,
  kind,
}:
let
  why = {
    content-addressed = "content-addressed (__contentAddressed): a seed cannot hold the realisation that says where it is";
    impure = "impure (__impure): it is never kept, so a seed cannot hold it";
    dynamic = "dynamic (an output of an output, builtins.outputOf): what it needs is known only when it is built";
  };
  attribute = {
    content-addressed = "without __contentAddressed";
    impure = "without __impure, or as a fixed-output derivation";
    dynamic = "from a derivation that evaluation knows";
  };
  through = if builtins.length chain > 1 then " (through ${builtins.concatStringsSep ", " (builtins.tail chain)})" else "";
in
{
  ok = false;
  message = ''
    nix-seed: ${label} needs the result of ${derivation}${through}, which is ${why.${kind}}.
    Build that ${attribute.${kind}}, or leave ${label} out with `exclude`'';
}
