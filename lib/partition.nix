# partition :: { fixed :: [ Group ], outputs :: [ Group ], maxLayers :: Int } -> [ Group // { allowance :: Int } ]
#
# Why: an image has at most maxLayers layers, one of them for the metadata. Each group gets an allowance out of the rest, and may
# use less. The allowance of a fixed group depends on maxLayers alone, so that a new output does not cut the toolchain anew; the
# outputs share theirs. Where there are fewer layers than groups could need, the last groups merge and all share alike.
#
# Example:
#   partition { fixed = [ nix toolchain ]; outputs = [ hello ]; maxLayers = 100; }
#   => [ (nix // { allowance = 11; }) (toolchain // { allowance = 35; }) (hello // { allowance = 37; }) ]
{ mergeSurplus }:
{
  fixed,
  outputs,
  maxLayers,
}:
let
  # In percent of what is left when each group has one layer. What is worth most is what is biggest and shared most.
  weights = {
    nix = 12;
    toolchain = 40;
    inputs = 4;
    contents = 10;
  };
  weightOfOutputs = 34;
  mostOutputs = 8;

  available = maxLayers - 1;
  most = builtins.length (builtins.attrNames weights) + mostOutputs;
  share = weight: weight * (available - most) / 100;

  fewOutputs = mergeSurplus {
    limit = mostOutputs;
    name = "other-outputs";
  } outputs;
  allowFixed = group: group // { allowance = 1 + share weights.${group.name}; };
  allowOutput =
    group: group // { allowance = (mostOutputs + share weightOfOutputs) / builtins.length fewOutputs; };

  merged = mergeSurplus {
    limit = available;
    name = "rest";
  } (fixed ++ fewOutputs);
  allowAlike = group: group // { allowance = available / builtins.length merged; };
in
if available >= most then map allowFixed fixed ++ map allowOutput fewOutputs else map allowAlike merged
