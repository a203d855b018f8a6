# partition :: { fixed, outputs, results :: [ Group ], maxLayers :: Int } -> [ Group // { allowance :: Int } ]
#
# Why: an image has at most maxLayers layers, one of them for the metadata. Each group gets an allowance out of the rest, and may
# use less. The allowance of a fixed group depends on maxLayers alone, so that a new output does not cut the toolchain anew; the
# outputs, and their intermediate results, share theirs. Where there are fewer layers than groups could need, the last groups merge and all share alike.
#
# Example:
#   partition { fixed = [ nix toolchain ]; outputs = [ hello ]; results = [ ]; maxLayers = 100; }
#   => [ (nix // { allowance = 11; }) (toolchain // { allowance = 35; }) (hello // { allowance = 37; }) ]
{ mergeSurplus }:
{
  fixed,
  outputs,
  results,
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
  ofResults = 3;

  available = maxLayers - 1;
  most = builtins.length (builtins.attrNames weights) + mostOutputs;
  share = weight: weight * (available - most) / 100;

  fewOutputs = mergeSurplus {
    limit = mostOutputs;
    name = "other-outputs";
  } outputs;
  allowFixed = group: group // { allowance = 1 + share weights.${group.name}; };
  # Where layers are few, the results' one comes out of what rounding leaves.
  isRoomy = results != [ ] && share weightOfOutputs > ofResults;
  allowResults = group: group // { allowance = if isRoomy then ofResults else 1; };
  ofOutputs = mostOutputs + share weightOfOutputs - (if isRoomy then ofResults else 0);
  allowOutput = group: group // { allowance = ofOutputs / builtins.length fewOutputs; };

  merged = mergeSurplus {
    limit = available;
    name = "rest";
  } (fixed ++ fewOutputs ++ results);
  allowAlike = group: group // { allowance = available / builtins.length merged; };
in
if available >= most + builtins.length results then
  map allowFixed fixed ++ map allowOutput fewOutputs ++ map allowResults results
else
  map allowAlike merged
