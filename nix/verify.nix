# verify :: { step, name, image } -> Derivation
#
# Why: reads the finished image as a stranger would, and checks every digest, frame and NAR hash. The result is the report.
{
  step,
  name,
  image,
}:
step {
  name = "${name}-verify.json";
  request = {
    step = "verify";
    image = "${image}";
  };
}
