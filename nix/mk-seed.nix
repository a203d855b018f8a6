# mkSeed :: { pkgs, self, name?, tag?, outputs?, exclude?, filter?, nix?, contents?, tools?, nixConf?, config?, maxLayers?, maxSize?,
#             helper?, closure?, own?, recording? } -> Derivation // { closure, layers, image, sbom, release, origin, results, releaseFrom, resultsFrom, targets, tests, partition, subject, needs, plan, metadata }
#
# Why: turns a flake into its seed: one OCI image with Nix and all that is needed to build the flake's outputs offline.
# lib/arguments.nix says what each argument has to be.
#
# The result is made of unevaluated parts. Asking what it is (a derivation), whose it is (isNixSeed) and what belongs to it evaluates
# neither the arguments nor the flake; asking its name evaluates the name of the flake's default package; only asking for its
# derivation looks at the flake's outputs.
#
# Example:
#   packages.seed = inputs.nix-seed.lib.mkSeed { inherit pkgs; inherit (inputs) self; };
{ lib }:
given:
let
  orThrow = import ./or-throw.nix;
  inherit (orThrow (lib.checkArguments given)) arguments;
  orElse = default: value: if value == null then default else value;

  pkgs = import ./pkgs.nix arguments.pkgs;
  inherit (pkgs) system;

  imageName = orElse (lib.seedName {
    inherit (arguments)
      self
      outputs
      exclude
      filter
      ;
    inherit system;
  }) arguments.name;
  name = lib.storeName imageName;

  helper = orElse (import ./helper.nix pkgs) arguments.helper;
  step = import ./step.nix { inherit helper system; };

  environment = import ./environment.nix {
    inherit pkgs lib helper;
    inherit (arguments) nixConf;
    nix = orElse pkgs.nix arguments.nix;
    tools = orElse pkgs.tools arguments.tools;
  };

  plan = import ./plan.nix {
    inherit
      pkgs
      lib
      step
      name
      arguments
      environment
      ;
  };
  roots = lib.unique (builtins.concatMap (group: group.roots) plan.partition);

  closure = import ./closure.nix {
    inherit step name roots;
    inherit (arguments) maxSize;
    inherit (plan) isReadOnly;
  };

  inherit (import ./layers.nix {
      inherit lib step name;
      groups = plan.partition;
    }) names layers;

  image = import ./image.nix {
    inherit
      step
      name
      imageName
      closure
      roots
      ;
    inherit (arguments) tag maxLayers;
    recording = import ./recording.nix arguments.recording;
    inherit (environment) root;
    inherit (plan) licenses privateSources reasons;
    platform = orThrow (lib.ociPlatform system);
    config = lib.mergeConfig environment.config arguments.config;
    layers = map (name: layers.${name}) names;
  };

  subject = lib.subject {
    inherit (arguments) self own;
    inherit (plan) entries;
    nix = "${orElse pkgs.nix arguments.nix}/bin/nix";
  };

  # When the flake is from, as Nix has it, so that everybody who builds it writes the same. Where Nix has none, it is the first second of 1970, as in
  # the image.
  time =
    let
      given = arguments.self.lastModified or arguments.self.sourceInfo.lastModified or null;
    in
    if builtins.isInt given && given > 0 then given else 1;

  # What packages say of themselves; evaluated where an SBOM is asked for, and not before.
  metadata = lib.packageMetadata plan.packages;

  sbom = import ./sbom.nix {
    inherit
      step
      lib
      name
      imageName
      image
      roots
      metadata
      time
      ;
  };

  releaseFrom = import ./release.nix {
    inherit
      step
      lib
      name
      system
      image
      sbom
      metadata
      time
      ;
    inherit (arguments) self;
    inherit (plan) entries;
  };
  release = releaseFrom null;

  passthru = {
    inherit
      closure
      layers
      image
      metadata
      sbom
      ;
    # What builders sign, and what of it is known before anything is built.
    release = release.statement;
    inherit (release) origin results;
    # The same for a flake that does not say which repository it is of: a CI's job knows.
    releaseFrom = uri: (releaseFrom uri).statement;
    resultsFrom = uri: (releaseFrom uri).results;
    # What Nix builds of each output.
    targets = lib.buildTargets plan.entries;
    tests = {
      verify = import ./verify.nix { inherit step name image; };
      complete =
        if pkgs.isLinux then
          import ./complete.nix {
            inherit
              step
              name
              roots
              subject
              ;
          }
        else
          throw ''
            nix-seed: seed.tests.complete is not for ${system}: it needs a builder that sees nothing but the seed, as Nix' sandbox on Linux gives one.
            Build it for a Linux system, and name no check after it here: checks.x86_64-linux.seed-complete = self.packages.x86_64-linux.seed.tests.complete;'';
    };

    # What was imported; null where nothing is.
    inherit (plan) plan;

    # For `nix-seed check`: what to evaluate, and what the seed has to have.
    inherit subject;
    needs = {
      inherit (plan) reasons;
      results = map builtins.unsafeDiscardStringContext plan.results;
    };

    # What is where and why, for a look with `nix eval .#seed.partition --json`.
    partition = map (group: group // { roots = map builtins.unsafeDiscardStringContext group.roots; }) plan.partition;
  };
in
image
// passthru
// {
  inherit passthru;
  meta.description = "OCI image with all that is needed to build this flake offline";
}
