//! The command `nix-seed`, as cargo builds it from this repository.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::machine::cache::Cache;
use crate::machine::{process, progress, repository};

const PACKAGE: &str = "nix-seed";

/// The program, up to date with its sources: without a change, cargo sees in half a second that there is nothing to do.
pub fn program() -> Result<PathBuf> {
    let cache = Cache::open()?;
    let target = cache.folder("client-target")?;
    let program = target.join("release").join(PACKAGE);
    let _guard = cache.lock("client")?;
    if !program.exists() {
        progress::say(format_args!("building nix-seed with cargo, which takes two minutes the first time"));
    }
    process::output_with_progress(
        Command::new("cargo")
            .args(["build", "--quiet", "--release", "--locked", "--package", PACKAGE, "--target-dir"])
            .arg(&target)
            .current_dir(repository::path().join("client")),
    )
    .context("cannot build nix-seed")?;
    ensure!(program.is_file(), "cargo has not built {}", program.display());
    Ok(program)
}
