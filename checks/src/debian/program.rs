//! A program of a package that is unpacked into the cache: nothing is installed, no script of the package runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::{Apt, Wanted};
use crate::machine::cache::Cache;
use crate::machine::process;

/// The program of this name, of the package of this name. It has to do without what the package depends on, apart from the C library.
pub fn unpacked(cache: &Cache, suite: &str, name: &str) -> Result<PathBuf> {
    let folder = cache.path(format!("{name}-{suite}"));
    let program = folder.join("usr/bin").join(name);
    let _guard = cache.lock(&format!("{name}-{suite}"))?;
    if !program.exists() {
        unpack(cache, suite, name, &folder).with_context(|| format!("cannot get {name} of Debian {suite}"))?;
    }
    Ok(program)
}

fn unpack(cache: &Cache, suite: &str, name: &str, folder: &Path) -> Result<()> {
    let apt = Apt::new(cache, suite)?;
    let index = apt.index()?;
    let wanted = Wanted::from(index.get(name).context("the suite has no such package")?);
    let scratch = cache.scratch()?;
    let root = scratch.path().join("root");
    for package in apt.fetch(&[wanted])?.values() {
        process::output(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    }
    fs::rename(&root, folder).with_context(|| format!("cannot move {name} into place"))
}
