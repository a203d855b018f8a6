# seedCfgWarnings :: Cfg -> [ String ]
#
# Why: what may be meant, and should be known. The configuration is in its normal form.
#
# Example:
#   seedCfgWarnings { level = 2; … }  => [ "level: Level 2 is not served by nix-seed yet: nothing is accepted under it" … ]
{ attributePath, subjectWarnings }:
cfg:
let
  warnIf = condition: warning: if condition then [ warning ] else [ ];
  begins = part: text: builtins.substring 0 (builtins.stringLength part) text == part;
  ends = part: text: builtins.substring (builtins.stringLength text - builtins.stringLength part) (-1) text == part;

  ofLevel =
    path: level:
    warnIf (level > 1) "${attributePath path}: Level ${toString level} is not served by nix-seed yet: nothing is accepted under it";

  ofBuilder =
    name:
    let
      at = option: attributePath [ "builders" name option ];
      builder = cfg.builders.${name};
      ofSubject = subject: map (warning: "${at "subjects"}: ${subject} ${warning}") (subjectWarnings { inherit (cfg) source; } subject);
    in
    warnIf (
      builder.issuer != null && ends "/" builder.issuer
    ) "${at "issuer"}: it ends with a `/`, and is compared byte by byte: GitHub's, GitLab's and Buildkite's have none there"
    ++ builtins.concatMap ofSubject builder.subjects;
in
ofLevel [ "level" ] cfg.level
++ builtins.concatMap (output: ofLevel [ "outputs" output "level" ] cfg.outputs.${output}.level) (builtins.attrNames cfg.outputs)
++ warnIf (begins "git+file:" cfg.source) "source: it is a folder of one machine: elsewhere, that name may be another repository's"
++ builtins.concatMap ofBuilder (builtins.attrNames cfg.builders)
++ warnIf (
  !cfg.build.sandbox
) "build.sandbox: without a sandbox a builder's programs can read its signing token, and honest builders do not get the same bytes"
