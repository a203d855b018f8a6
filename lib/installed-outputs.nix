# installedOutputs :: Derivation -> [ String ]
#
# Why: `nix build` and `nix develop` take more of a package than the output that its string stands for: all that
# `meta.outputsToInstall` lists. What they take has to be in the seed.
#
# Example:
#   installedOutputs pkgs.bashInteractive  => [ "/nix/store/…-bash-interactive" "/nix/store/…-bash-interactive-man" ]
{ }:
package:
if package.outputSpecified or false then
  [ "${package}" ]
else
  map (output: "${package.${output}}") (package.meta.outputsToInstall or [ (package.outputName or "out") ])
