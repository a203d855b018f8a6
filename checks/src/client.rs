//! The command `nix-seed`, and what else cargo builds of the client from this repository.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::cache::{self, Cache};
use crate::machine::cargo::executable;
use crate::machine::prepared::Prepared;
use crate::machine::repository;

const PACKAGE: &str = "nix-seed";

/// How tests want it: optimised, but quickly linked.
const FOR_TESTS: &str = "checks";
const RELEASE: &str = "release";

/// The program, up to date with its sources: without a change, cargo sees in half a second that there is nothing to do.
pub fn program() -> Result<PathBuf> {
    if let Some(given) = Prepared::given() {
        return Ok(given.client.clone());
    }
    build(FOR_TESTS, &["--package", PACKAGE]).context("cannot build nix-seed")
}

/// The program as it is released: what is measured.
pub fn released() -> Result<PathBuf> {
    build(RELEASE, &["--package", PACKAGE]).context("cannot build nix-seed")
}

/// The program that attaches documents to images with the client's registry crate, and lists them.
pub fn referrers() -> Result<PathBuf> {
    if let Some(given) = Prepared::given() {
        return Ok(given.referrers.clone());
    }
    build(FOR_TESTS, &["--package", "nix-seed-registry", "--example", "referrers"])
        .context("cannot build the example of nix-seed-registry")
}

fn build(profile: &str, what: &[&str]) -> Result<PathBuf> {
    let sources = repository::path().join("client");
    // Cargo locks its folder by itself, but says nothing while it waits. Another clone has another folder.
    let _guard = Cache::open()?.lock(&format!("client-{}", cache::key([sources.as_os_str().as_encoded_bytes()])))?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--profile", profile, "--locked"]).args(what);
    executable(cargo.current_dir(sources))
}
