//! Programs that nobody here wrote, to sign and verify with: what they think of a bundle is what the world thinks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::programs::SUITE;
use crate::debian::program::unpacked;
use crate::machine::cache::{self, Cache};
use crate::machine::{process, python};

/// Debian 13, with cosign 2.
const OLDER_SUITE: &str = "trixie";

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// cosign, by its major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V2,
    V3,
}

/// cosign, which finds nothing of the machine's: its `HOME` is this folder, where it may write.
pub fn cosign(cache: &Cache, version: Version, home: &Path) -> Result<Command> {
    let suite = match version {
        Version::V2 => OLDER_SUITE,
        Version::V3 => SUITE,
    };
    Ok(alone(&unpacked(cache, suite, "cosign")?, home))
}

/// oras, under the same conditions as [`cosign`].
pub fn oras(cache: &Cache, home: &Path) -> Result<Command> {
    Ok(alone(&unpacked(cache, SUITE, "oras")?, home))
}

fn alone(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("TMPDIR", home).current_dir(home);
    command
}

/// Python with sigstore-python, and with validators of SBOMs and of in-toto statements.
#[derive(Debug, Clone)]
pub struct Python {
    packages: PathBuf,
}

impl Python {
    /// Fetches the packages where they are not there yet.
    pub fn open(cache: &Cache) -> Result<Self> {
        // Compiled parts are for one version of Python.
        let version = process::output(Command::new("python3").arg("--version"))?;
        let name = format!("python-{}", cache::key([version.as_str(), REQUIREMENTS]));
        let wanted: Vec<_> = requirements(REQUIREMENTS).collect();
        Ok(Self { packages: python::prepared(cache, &name, |folder| python::install(&wanted, folder))? })
    }

    /// `python3`, which finds these packages and no others.
    pub fn command(&self) -> Command {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", &self.packages).env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

fn requirements(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Brings into the cache what tests of signatures use besides the services.
pub fn prepare(cache: &Cache) -> Result<()> {
    for (suite, name) in [(OLDER_SUITE, "cosign"), (SUITE, "cosign"), (SUITE, "oras")] {
        unpacked(cache, suite, name)?;
    }
    Python::open(cache)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned() {
        let found: Vec<_> = requirements(REQUIREMENTS).collect();
        assert!(found.len() > 10);
        assert!(found.iter().all(|line| line.split("==").count() == 2), "{found:?}");
    }
}
