# complete :: { step, name, roots, subject } -> Derivation
#
# Why: proves, by edits of a copy of the flake, that all its outputs can be built with what is in the seed. The seed's own Nix evaluates them
# inside of the builder, where there is nothing but the seed's closure. The result is the report.
{
  step,
  name,
  roots,
  subject,
}:
let
  # The source has to be there; everything else is in the seed.
  inherit (builtins.head subject.nodes) tree;
  source = builtins.appendContext tree { ${tree} = { path = true; }; };
in
step {
  name = "${name}-complete.json";
  request = {
    step = "complete";
    inherit subject;
  };
  graphs = {
    closure = roots;
    # Nix has to know that the unedited source is there, since it cannot write it again.
    flake = [ source ];
  };
}
