# Outputs that are of no system: what other flakes take from this one.
{
  flake = {
    overlays.default = final: _prev: {
      # A library of this flake. It is part of the overlay, but no output: only what uses it is.
      libgreet = final.stdenv.mkDerivation {
        name = "libgreet";
        src = ../libgreet;
        nativeBuildInputs = [ final.jq ];
        makeFlags = [ "PREFIX=${placeholder "out"}" ];
      };
      greet = final.stdenv.mkDerivation {
        name = "greet";
        src = ../greet;
        buildInputs = [ final.libgreet ];
        makeFlags = [ "PREFIX=${placeholder "out"}" ];
        meta.mainProgram = "greet";
      };
    };

    # For the modules of others.
    flakeModules.default.imports = [
      ./overlay.nix
      ./packages.nix
    ];
  };
}
