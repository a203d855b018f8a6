# mkSeedPage :: String
#
# Why: doc/mk-seed-options.md, made of the very table that the check is made of. A test compares the two; this writes the page anew:
#   nix eval --raw --file lib mkSeedPage > doc/mk-seed-options.md
#
# Example:
#   builtins.substring 0 18 mkSeedPage  => "# mkSeed's options"
{ arguments, optionSections }:
''
  # mkSeed's options

  What [`mkSeed`](mk-seed.md) takes, as arguments or as options of the [flake-parts module](flake-parts.md). Both are made of one table, and so is this page.

  ```nix
  # The function
  packages.seed = inputs.nix-seed.lib.mkSeed {
    inherit pkgs;
    inherit (inputs) self;
    tag = "v1";
  };

  # The module
  perSystem.seed.tag = "v1";
  ```

  The module knows `pkgs` and `self`, and has all others. Where several modules say something, its lists are joined, and of what is no list or set only one may speak. `lib.mkSeedOptions` gives the same
  options to other modules: `options.seed = lib.mkOption { type = lib.types.submodule { options = inputs.nix-seed.lib.mkSeedOptions lib; }; };`.

  What `contents`, `config` and `nixConf` name by store path is in the seed. A wrong argument is an error that names it, and the key or the element that is at fault,
  says what was expected, and shows a line to copy; several wrong arguments are reported together. One that does not exist is told with the one that was likely meant.

  ${optionSections arguments}''
