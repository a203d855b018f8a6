//! What may be meant, and should be known.

use crate::output::path;
use crate::{Cfg, Level, subject};

impl Cfg {
    /// What is accepted and should be looked at again, each with its option: the texts that `lib.seedCfg` tells.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |at: &str, warning: &str| warnings.push(format!("{at}: {warning}"));
        let levels = self.outputs.iter().map(|(output, cfg)| (path(&["outputs", output, "level"]), cfg.level));
        for (at, level) in std::iter::once(("level".to_owned(), self.level)).chain(levels) {
            if level > Level::One {
                warn(&at, &format!("Level {level} is not served by nix-seed yet: nothing is accepted under it"));
            }
        }
        if self.source.as_str().starts_with("git+file:") {
            warn("source", "it is a folder of one machine: elsewhere, that name may be another repository's");
        }
        for (name, builder) in &self.builders {
            let at = |option: &str| path(&["builders", name, option]);
            if builder.issuer.as_ref().is_some_and(|issuer| issuer.ends_with('/')) {
                warn(
                    &at("issuer"),
                    "it ends with a `/`, and is compared byte by byte: GitHub's, GitLab's and Buildkite's have none there",
                );
            }
            for pattern in &builder.subjects {
                for warning in subject::warnings(pattern.as_str(), &self.source) {
                    warn(&at("subjects"), &format!("{pattern} {warning}"));
                }
            }
        }
        if !self.build.sandbox {
            warn(
                "build.sandbox",
                "without a sandbox a builder's programs can read its signing token, and honest builders do not get the same \
                 bytes",
            );
        }
        warnings
    }
}
