# isReadOnly :: [ String ] -> Bool
#
# Why: `nix flake check --no-build` and `nix eval --read-only` evaluate without writing to the store. Then no derivation can be asked for
# its outputs, nor a source for its files, and asking is an error that cannot be caught. A seed belongs to `packages`, so it
# should not make such a check of the whole flake fail.
#
# Nix does not say in which mode it is. But a file that evaluation writes exists afterwards only where writing is allowed. Its text
# is `derivations`, so that a file from an earlier evaluation vouches for the very derivations that it wrote.
# Newer versions (2.34, not 2.26) make an error of this question too, but one that says what it is about.
derivations:
let
  plain = builtins.unsafeDiscardStringContext;
  text = plain (builtins.concatStringsSep "\n" derivations);
  probe = builtins.toFile "nix-seed-written-by-evaluation" text;
in
# What goes wrong in an output has nothing to do with the question, so it does not get the question's context.
builtins.seq text (
  builtins.addErrorContext
    "while nix-seed looked for the inputs of the flake's outputs. This needs an evaluation that may write to the Nix store: not `nix flake check --no-build`, not `nix eval --read-only`"
    (!builtins.pathExists (plain probe))
)
