# seedCfgJsonSchema :: JsonSchema
#
# Why: doc/seed-cfg.schema.json, for editors and other programs. It is of the normal form. A test compares the two; this writes the file anew:
#   nix eval --raw --file lib --apply "lib: lib.renderJson lib.seedCfgJsonSchema" > doc/seed-cfg.schema.json
#
# Example:
#   seedCfgJsonSchema.type  => "object"
{ jsonSchema, seedCfgType }:
jsonSchema {
  title = "seedCfg";
  description = "Whom to trust: the normal form of nix-seed's seedCfg, as `nix eval --json .#seedCfg` and `nix-seed cfg show --json` print it.";
  type = seedCfgType;
}
