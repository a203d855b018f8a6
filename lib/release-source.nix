# releaseSource :: { self :: Flake, told :: Null | String } -> { ok = true; source; } | { ok = false; message; }
#     source = { uri, commit, narHash, lock :: Null | String }
#
# Why: who signs a release says which commit of which repository it is of. Evaluation knows the commit where there is one; the repository is
# what `seedCfg` says, since the same commit may lie in many. Where a flake says nothing, whoever builds it may (`told`), as a CI's job knows
# it; but not something else than the flake does.
#
# Example:
#   releaseSource { inherit self; told = "git+https://example.org/app"; }
#   => { ok = true; source = { uri = "git+https://example.org/app"; commit = "4f1c…"; narHash = "sha256-…"; lock = "9a0b…"; }; }
{ collectProblems }:
{ self, told }:
let
  own = self.seedCfg.source or null;
  uri = if own == null then told else own;
  info = self.sourceInfo or self;
  lock = "${self}/flake.lock";
  problem = message: {
    ok = false;
    inherit message;
  };
  result = collectProblems [
    (
      if uri == null then
        problem ''
          nix-seed: a release says which repository it is of, and the flake does not.
          Say so in its outputs: seedCfg = inputs.nix-seed.lib.seedCfg { source = "git+https://github.com/me/app"; … };''
      else if told != null && told != uri then
        problem "nix-seed: the flake says in its seedCfg that it is of ${uri}, and whoever builds it that it is of ${told}."
      else
        { ok = true; }
    )
    (
      if info ? rev then
        { ok = true; }
      else
        problem ''
          nix-seed: a release says which commit it is of, and this source has none${
            if info ? dirtyRev then ": files differ from ${info.dirtyRev}" else ""
          }.
          Commit what has changed, and take the flake from its git repository: nix build .#seed.release''
    )
  ];
in
if !result.ok then
  result
else
  {
    ok = true;
    source = {
      inherit uri;
      commit = info.rev;
      inherit (info) narHash;
      lock = if builtins.pathExists lock then builtins.hashFile "sha256" lock else null;
    };
  }
