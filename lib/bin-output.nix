# binOutput :: Derivation -> String
#
# Why: the programs of a package may be in an output of their own. This is the output whose bin folder belongs onto PATH.
#
# Example:
#   binOutput pkgs.bash  => "/nix/store/…-bash"
#   binOutput pkgs.xz    => "/nix/store/…-xz-bin"
{ }:
package: "${if package.outputSpecified or false then package else package.bin or package.out or package}"
