//! A Nix to run: the machine's own when it is new enough, else one from Debian's archive.

mod debian;
mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::machine::cache::Cache;
use crate::machine::process;

/// Older versions lack flake features that the tests rely on.
const OLDEST: (u32, u32) = (2, 18);
/// Asks for a Debian suite's Nix (`trixie`, `sid`) even where the machine has one.
pub const SUITE_VARIABLE: &str = "NIX_SEED_CHECK_SUITE";
const DEFAULT_SUITE: &str = "trixie";

#[derive(Debug, Clone)]
pub struct Nix {
    /// Folder of `nix`, `nix-store` and so on.
    bin: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Nix {
    /// Finds a Nix, or sets one up, which takes some ten seconds once.
    pub fn find(cache: &Cache) -> Result<Self> {
        let asked = std::env::var(SUITE_VARIABLE).ok().filter(|suite| !suite.is_empty());
        if asked.is_none()
            && let Some(bin) = of_machine()
        {
            return Ok(Self { bin, environment: settings::for_machine() });
        }
        Self::of_suite(cache, &asked.unwrap_or_else(|| DEFAULT_SUITE.to_owned()))
    }

    /// The Nix of a Debian suite.
    pub fn of_suite(cache: &Cache, suite: &str) -> Result<Self> {
        let prefix = debian::prepare(cache, suite)?;
        settings::ensure_store()?;
        Ok(Self { bin: prefix.join("usr/bin"), environment: settings::for_debian(&prefix) })
    }

    /// The `nix` executable; it needs [`Self::environment`] to behave as in the tests.
    pub fn program(&self) -> PathBuf {
        self.bin.join("nix")
    }

    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// A command of Nix, such as `nix` or `nix-store`.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The folder of a new enough `nix` on PATH.
fn of_machine() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let bin = std::env::split_paths(&path).find(|folder| folder.join("nix").is_file())?;
    new_enough(&bin).then_some(bin)
}

fn new_enough(bin: &Path) -> bool {
    process::output(Command::new(bin.join("nix")).arg("--version"))
        .ok()
        .and_then(|text| version(&text))
        .is_some_and(|version| version >= OLDEST)
}

/// `nix (Nix) 2.26.3` → (2, 26)
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split_whitespace().last()?.split('.');
    let mut number = || digits(parts.next()?).parse().ok();
    Some((number()?, number()?))
}

/// Leading digits: development versions append `pre…` without a dot.
fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(version("nix (Nix) 2.26.3\n"), Some((2, 26)));
        assert_eq!(version("nix (Nix) 2.8.0"), Some((2, 8)));
        assert_eq!(version("nix (Nix) 2.34pre20260101_abcdef"), Some((2, 34)));
        assert_eq!(version(""), None);
        assert!(version("nix (Nix) 2.18.1") >= Some(OLDEST));
    }
}
