# packageMetadata :: [ { derivation :: Derivation, … } ] -> [ Package ]
#     Package = { outputs :: { <output> = String; }, pname, version, description :: String | Null, homepages :: [ String ], license,
#                 purls :: [ String ], cpe, position :: String | Null }
#
# Why: what an SBOM says of a store path that nobody can read from it: `meta` exists only while Nix evaluates. The argument is what
# derivationsBelow gives. Packages say anything, and may throw: what is not as it should be is null, or left out. Texts are plainText's.
#
# A license is { spdxId, name, url }, or null where nothing is said; or { operator, … } of what `lib.licenses` puts together: "AND" and "OR" of `licenses`, "WITH" of `license`
# and `exception`, "+" of `license`. A list, which does not say how its licenses relate, has the operator "list".
#
# Example:
#   packageMetadata (derivationsBelow [ pkgs.hello ])
#   => [ { outputs.out = "/nix/store/…-hello-2.12.1"; pname = "hello"; version = "2.12.1"; license = { spdxId = "GPL-3.0-or-later"; … }; … } … ]
{
  orElse,
  plainText,
  shorten,
}:
let
  # Of more than that, a part means something else: then nothing is said.
  most = 32;
  listOf =
    value:
    let
      list = orElse [ ] value;
    in
    if !builtins.isList list then [ list ] else if builtins.length list > most then [ ] else list;
  texts = value: builtins.filter (text: text != null) (map plainText (listOf value));

  license =
    depth: value:
    let
      given = orElse null value;
      operator = orElse null (given.operator or null);
      below = license (depth - 1);
      all = value: map below (listOf value);
    in
    if depth == 0 then
      null
    else if builtins.isList given then
      if builtins.length given > most then
        null
      else
        {
          operator = "list";
          licenses = all given;
        }
    else if builtins.isString given then
      {
        spdxId = plainText given;
        name = plainText given;
        url = null;
      }
    else if !builtins.isAttrs given then
      null
    else if operator == "AND" || operator == "OR" then
      {
        inherit operator;
        licenses = all (given.licenses or [ ]);
      }
    else if operator == "WITH" then
      {
        inherit operator;
        license = below (given.license or null);
        exception = below (given.exception or null);
      }
    else if operator == "+" then
      {
        inherit operator;
        license = below (given.license or null);
      }
    else
      {
        spdxId = plainText (given.spdxId or null);
        name = plainText (given.fullName or given.shortName or given.spdxId or null);
        url = plainText (given.url or null);
      };

  package =
    { derivation, ... }:
    let
      meta = derivation.meta or { };
      identifiers = orElse { } (meta.identifiers or { });
      outputs = derivation.outputs or [ "out" ];
      description = orElse null (meta.description or null);
    in
    {
      outputs = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = builtins.unsafeDiscardStringContext (derivation.${name}.outPath or derivation.outPath);
        }) outputs
      );
      pname = plainText (derivation.pname or null);
      version = plainText (derivation.version or null);
      description = if builtins.isString description then plainText (shorten description) else null;
      homepages = texts (meta.homepage or [ ]);
      license = license 6 (meta.license or null);
      # The first is the one that the others are additions to.
      purls = texts (identifiers.purl or [ ]) ++ texts (identifiers.purls or [ ]);
      cpe = plainText (identifiers.cpe or null);
      position = plainText (meta.position or null);
    };
in
map package
