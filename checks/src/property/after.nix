# after :: { nixpkgs, cases } -> [ { <output> = { <drv> = [ { name, path } ]; }; } ]
#
# Why: what has to be built so that all outputs of a batch of flakes are there.
{ nixpkgs, cases, ... }:
let
  flake = import ./nixpkgs.nix nixpkgs;
  plain = builtins.unsafeDiscardStringContext;

  named =
    derivation: outputs:
    let
      # This shows the outputs of a .drv file.
      outputsOf = import (builtins.appendContext derivation { ${derivation}.path = true; });
    in
    map (name: {
      inherit name;
      path = plain outputsOf.${name};
    }) outputs;

  ofProgram =
    program:
    let
      context = builtins.getContext "${program}";
      derivations = builtins.filter (path: context.${path} ? outputs) (builtins.attrNames context);
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = named name context.${name}.outputs;
      }) derivations
    );
  ofDerivation =
    value:
    let
      derivation = plain value.drvPath;
    in
    {
      ${derivation} = named derivation value.drvAttrs.outputs;
    };

  outputsOf =
    case:
    let
      self = import ./call.nix (case // { nixpkgs = flake; });
      ofKind =
        kind:
        let
          set = self.${kind}.x86_64-linux or { };
        in
        map (name: {
          name = "${kind}.${name}";
          value = if kind == "apps" then ofProgram set.${name}.program else ofDerivation set.${name};
        }) (builtins.attrNames set);
    in
    builtins.listToAttrs (
      builtins.concatMap ofKind [
        "packages"
        "checks"
        "devShells"
        "apps"
      ]
    );
in
map outputsOf cases
