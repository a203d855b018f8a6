{
  perSystem =
    {
      pkgs,
      self',
      inputs',
      lib,
      ...
    }:
    {
      devShells.default = pkgs.mkShell {
        inputsFrom = [ self'.packages.greet ];
        packages = [ inputs'.nixpkgs.legacyPackages.tree ];
      };

      apps.default = {
        type = "app";
        program = lib.getExe self'.packages.greet;
        meta.description = "Greets somebody by name";
      };

      # `nix fmt`: no blanks at the end of a line.
      formatter = pkgs.writeShellScriptBin "format" ''
        ${lib.getExe pkgs.findutils} "$@" -name '*.nix' -exec ${lib.getExe pkgs.gnused} -i 's/[ \t]*$//' {} +
      '';
    };
}
