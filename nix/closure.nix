# closure :: { step, name, roots, maxSize, isReadOnly } -> Derivation
#
# Why: the record of all that is in the seed, with NAR hashes and sizes. It comes first and is quick, so that a closure that is too big
# fails before anything is compressed. So does what was evaluated without its closure, since it looks like a seed.
{
  step,
  name,
  roots,
  maxSize,
  isReadOnly,
}:
step {
  name = "${name}-closure.json";
  request = {
    step = "closure";
    inherit maxSize;
  }
  // (
    if isReadOnly then
      {
        refused = "its evaluation could not write to the Nix store, so that it lacks its closure; evaluate where it is built, without --read-only, and with no --store other than the machine's";
      }
    else
      { }
  );
  graphs.closure = roots;
}
