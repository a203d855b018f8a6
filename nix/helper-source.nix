# The sources of the helper.
import ./source.nix "nix-seed-helper-source" [ "helper" ]
