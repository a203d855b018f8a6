# seedName :: { self, system, outputs, exclude, filter } -> String
#
# Why: the image is called after the flake's default package, with characters that an image name cannot hold replaced. Only
# that package's name is evaluated, so that `nix flake show` stays cheap. A default package that is not in the seed, or is one
# itself, is not asked. One that throws gives no name: where the outputs are checked, it is refused by its own.
#
# Example:
#   seedName { inherit self; system = "x86_64-linux"; outputs = [ "packages" ]; exclude = [ ]; filter = path: output: true; }
#   => "hello-seed"
{ candidates, lowerCase }:
{
  self,
  system,
  outputs,
  exclude,
  filter,
}:
let
  path = [
    "packages"
    system
    "default"
  ];
  found = builtins.filter (candidate: candidate.path == path && filter path candidate.value) (candidates {
    inherit self system exclude;
    outputs = builtins.filter (kind: kind == "packages") outputs;
  });
  given = builtins.tryEval (
    builtins.addErrorContext
      "while nix-seed named the seed after packages.${system}.default (give mkSeed a `name`, or add \"packages.default\" to exclude)"
      (
        let
          package = (builtins.head found).value;
          name = package.pname or package.name or null;
        in
        if found == [ ] || package.isNixSeed or false || !builtins.isString name then "flake" else name
      )
  );
  name = if given.success then given.value else "flake";
  words = builtins.filter (part: builtins.isString part && part != "") (
    builtins.split "[^a-z0-9]+" (lowerCase (builtins.unsafeDiscardStringContext name))
  );
in
# An image's name has at most 255 bytes.
builtins.concatStringsSep "-" (
  (if words == [ ] then [ ] else [ (builtins.substring 0 200 (builtins.concatStringsSep "-" words)) ]) ++ [ "seed" ]
)
