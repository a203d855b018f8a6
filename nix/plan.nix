# plan :: { pkgs, lib, step, name, arguments, environment }
#         -> { partition :: [ { name, roots, allowance } ], needed, results, reasons, packages, licenses, privateSources, … }
#
# Why: what is in the seed, in which group and why, and what of it must not be given to everyone. This is where a user's flake is looked at; it is evaluated only when the seed is asked
# for its derivation. Where Nix evaluates without writing to the store, the outputs are evaluated and checked, and the rest is left
# out: nothing can be built then.
{
  pkgs,
  lib,
  step,
  name,
  arguments,
  environment,
}:
let
  inherit (arguments) self;
  orThrow = import ./or-throw.nix;
  plain = builtins.unsafeDiscardStringContext;

  kinds = map (lib.checkKind {
    inherit self;
    inherit (pkgs) system;
    inherit (arguments) outputs;
  }) arguments.outputs;

  entries =
    let
      found = lib.entries {
        inherit self;
        inherit (pkgs) system;
        inherit (arguments) outputs exclude filter;
      };
    in
    builtins.seq (orThrow (lib.collectProblems (kinds ++ map lib.checkEntry found))) found;

  isReadOnly = import ./is-read-only.nix (
    map (entry: entry.value.drvPath or entry.value.program) entries ++ environment.roots
  );

  lockFile = "${self}/flake.lock";
  lock = if !isReadOnly && builtins.pathExists lockFile then builtins.readFile lockFile else null;
  inputs = builtins.seq (orThrow (lib.checkLock lock)) (lib.flakeInputs self);

  frontier =
    {
      direct =
        let
          found = lib.directInputs {
            inherit entries;
            isOwnSource = lib.ownSource (self.sourceInfo.outPath or self.outPath);
            skip = inputs;
          };
          check = { entry, inputs }: map (lib.checkInput entry) inputs;
          reason =
            { entry, inputs }:
            map (input: {
              path = plain input.root;
              chain = [ entry.label ];
            }) inputs;
        in
        builtins.seq (orThrow (lib.collectProblems (builtins.concatMap check found))) {
          direct = found;
          results = [ ];
          reasons = builtins.concatMap reason found;
        };
      frontier = import ./frontier.nix {
        inherit
          step
          lib
          name
          self
          entries
          inputs
          ;
        inherit (arguments) own;
      };
      nothing = {
        direct = [ ];
        results = [ ];
        reasons = [ ];
      };
    }
    .${if isReadOnly then "nothing" else arguments.closure};

  hasShells = builtins.any (entry: builtins.head entry.path == "devShells") entries;

  # Whatever the user's arguments name has to be there: the extra paths, and paths in the config and in Nix's settings.
  contents =
    if isReadOnly then
      [ ]
    else
      lib.inputsOfContext (
        lib.contextOf [
          arguments.contents
          arguments.config
          arguments.nixConf
        ]
      );

  shell = if hasShells then lib.installedOutputs (pkgs.bashInteractiveFor self) else [ ];

  groups = lib.groups {
    nix = environment.roots;
    inherit shell;
    contents = map (input: input.root) contents;
    standardEnvironments = map (environment: "${environment}") pkgs.standardEnvironments;
    inherit inputs;
    inherit (frontier) direct results;
  };

  # Whatever can be asked what it is.
  packages =
    if isReadOnly then
      [ ]
    else
      lib.derivationsBelow [
        # An app says nothing of itself; the package that is its program does.
        (map (entry: if entry.sort == "app" then entry.value.program else entry.value) entries)
        environment.programs
        arguments.contents
        pkgs.standardEnvironments
      ];

  because = link: map (path: {
    path = plain path;
    chain = [ link ];
  });
in
{
  partition = lib.partition {
    inherit (groups) fixed outputs results;
    inherit (arguments) maxLayers;
  };

  # An output that needs a path is a better reason than any other, so it comes first.
  reasons =
    frontier.reasons
    ++ because "the shell of `nix develop`" shell
    ++ because "the flake's inputs" inputs
    ++ because "mkSeed's contents, config and nixConf" (map (input: input.root) contents)
    ++ because "Nix and its tools" environment.roots;

  inherit entries inputs isReadOnly;
  inherit (frontier) results;
  plan = frontier.plan or null;

  inherit packages;
  licenses = lib.licenseRestrictions packages;

  privateSources = lib.privateSources lock;
}
