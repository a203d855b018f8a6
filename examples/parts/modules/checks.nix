{
  perSystem =
    { pkgs, self', ... }:
    {
      checks.greets = pkgs.runCommand "greets" { nativeBuildInputs = [ self'.packages.greet ]; } ''
        greet World | tee $out
        grep --quiet World $out
      '';
    };
}
