{ self, inputs, ... }:
{
  perSystem =
    { pkgs, ... }:
    {
      packages.seed = inputs.nix-seed.lib.mkSeed { inherit pkgs self; };
    };
}
