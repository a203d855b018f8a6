# Derivations as a package set has them: `count` of them, that need each other in no particular manner, below ten outputs of a flake. None
# is ever built.
#
# `flake` is a folder with packages/NUMBER/{main.c,settings.toml}, `foreign` one with NUMBER.patch. `helper` is a store path.
{
  count,
  flake,
  packages,
  foreign,
  patches,
  helper,
}:
let
  # A number below `below`, the same each time.
  random =
    salt: number: below:
    let
      digits = builtins.substring 0 7 (builtins.hashString "sha256" "${salt} ${toString number}");
      value = (builtins.fromTOML "value = 0x${digits}").value;
    in
    value - value / below * below;
  range = length: builtins.genList (number: number) length;
  at = builtins.elemAt derivations;

  # What phases say. Each derivation has a part of it that no other has.
  script = builtins.concatStringsSep "\n" (
    map (number: "  install -m 644 \"${builtins.hashString "sha256" (toString number)}\" \"$out/share/$name\"") (range 200)
  );
  scripts = random: builtins.substring (random "start" 8000) (3000 + random "length" 4000) script;

  # What everything is built with.
  hubs = 10;
  isHub = number: number >= count - hubs;
  # Needs go to later ones, and only the first quarter has sources of the flake: so the others are not its own.
  isOwn = number: number < count / 4;

  derivations = map (
    number:
    let
      pick = salt: random salt number;
      rest = count - number - 1;
      # The first two make all of them needed by the first, in few steps.
      needs = builtins.filter (need: need < count) (
        [
          (2 * number + 1)
          (2 * number + 2)
        ]
        ++ map (i: number + 1 + pick "near ${toString i}" (if rest < 60 then rest else 60)) (range (if rest > 0 then pick "many" 4 else 0))
        ++ (if isHub number then [ ] else map (i: count - hubs + pick "hub ${toString i}" hubs) (range 3))
      );
      output =
        need:
        let
          names = outputsOf need;
        in
        (at need).${builtins.elemAt names (pick "output ${toString need}" (builtins.length names))};
      own = "${toString (pick "package" packages)}";
      text = scripts pick;
    in
    derivation (
      {
        name = "package-${toString number}-1.${toString (pick "version" 20)}";
        system = "x86_64-linux";
        builder = if isHub number then "/bin/sh" else "${at (count - 1)}/bin/bash";
        args = [
          "-e"
          (builtins.toFile "builder-${toString (pick "builder" 20)}.sh" "source $stdenv/setup; genericBuild")
        ];
        outputs = outputsOf number;
        buildInputs = map output needs;
        configureFlags = map (flag: "--with-${toString flag}=${builtins.substring 0 30 text}") (range 8);
        installPhase = text;
        doCheck = true;
        patches =
          if pick "patched" 3 == 0 then
            [
              (builtins.path {
                name = "some.patch";
                path = foreign + "/${toString (pick "patch" patches)}.patch";
              })
            ]
          else
            [ ];
      }
      // (
        if isOwn number && pick "own" 2 == 0 then
          {
            src = builtins.path {
              name = "source";
              path = flake + "/packages/${own}";
            };
          }
        else if isOwn number && pick "reads" 4 == 0 then
          { settings = builtins.readFile (flake + "/packages/${own}/settings.toml"); }
        else
          { }
      )
    )
  ) (range count);
  outputsOf =
    number:
    let
      many = random "outputs" number 10;
    in
    if many == 0 then
      [
        "out"
        "dev"
        "lib"
        "doc"
      ]
    else if many < 4 then
      [
        "out"
        "dev"
      ]
    else
      [ "out" ];
  source = builtins.path {
    name = "source";
    path = flake;
  };
  outputs = map (number: (at number).drvPath) (range 10);
in
{
  flake = source;
  inherit outputs;
  # As nix/frontier.nix has it.
  plan =
    (derivation {
      name = "plan.json";
      system = "x86_64-linux";
      builder = "${builtins.storePath helper}/bin/nix-seed-helper";
      args = [ "derivation" ];
      __structuredAttrs = true;
      unsafeDiscardReferences.out = true;
      seed = {
        step = "plan";
        flake = source;
        outputs = map (output: {
          label = builtins.unsafeDiscardStringContext output;
          derivation = builtins.unsafeDiscardOutputDependency output;
        }) outputs;
      };
    }).drvPath;
}
