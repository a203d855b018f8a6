# checkSeedCfg :: Any -> { ok = true; cfg :: Cfg; warnings :: [ String ]; } | { ok = false; message :: String; }
#
# Why: a configuration of trust that is half understood is worse than none. All mistakes are told at once; what is accepted comes back in its normal
# form, in which every option is there. The normal form of a normal form is itself.
#
# Example:
#   checkSeedCfg { source = "github:me/app"; builders.ci.keys = [ ./ci.pub ]; }
#   => { ok = true; cfg = { version = 1; level = 1; source = "git+https://github.com/me/app"; … }; warnings = [ ]; }
#   checkSeedCfg { source = "github:me/app"; builder = { }; }
#   => { ok = false; message = "nix-seed: seedCfg has no option `builder`. Did you mean `builders`? …"; }
{
  collectProblems,
  schemaRead,
  seedCfgRules,
  seedCfgType,
  seedCfgWarnings,
}:
let
  read = schemaRead {
    what = "seedCfg";
    type = seedCfgType;
  };
in
given:
let
  parsed = read given;
  cfg = parsed.value;
  problem = message: {
    ok = false;
    inherit message;
  };
  # Rules speak of what has the right form.
  result = collectProblems (if parsed.problems == [ ] then seedCfgRules cfg else map problem parsed.problems);
in
if result.ok then
  {
    ok = true;
    inherit cfg;
    warnings = seedCfgWarnings cfg;
  }
else
  result
