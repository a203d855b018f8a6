# closure :: { step, name, roots, maxSize } -> Derivation
#
# Why: the record of all that is in the seed, with NAR hashes and sizes. It comes first and is quick, so that a closure that is too big
# fails before anything is compressed.
{
  step,
  name,
  roots,
  maxSize,
}:
step {
  name = "${name}-closure.json";
  request = {
    step = "closure";
    inherit maxSize;
  };
  graphs.closure = roots;
}
