//! What cargo builds.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::process;

/// Runs a `cargo build` of one program, and gives its file: where that lies is for cargo's settings to say.
pub fn executable(build: &mut Command) -> Result<PathBuf> {
    // What cargo tells a test of its own package is news to the build scripts of others, ring's above all: they would run
    // again, and half of the crates with them, whenever a person builds in between.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of_package| name.to_string_lossy().starts_with(of_package)) {
            build.env_remove(name);
        }
    }
    let messages = process::output_with_progress(build.args(["--message-format", "json"]))?;
    let executable = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?["executable"].as_str()?.into());
    messages.lines().filter_map(executable).next_back().context("cargo built no program")
}
