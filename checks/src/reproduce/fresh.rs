//! A store that begins empty: everything is built anew, the package set too.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::machine::cache::Cache;
use crate::machine::process;
use crate::nix::SUITE_VARIABLE;

/// In a mount namespace of its own: an empty /nix, no evaluations kept by Nix, and no links to package sets. Downloads and what cargo
/// has built stay in sight.
const SCRIPT: &str = r#"
mount --bind "$1/nix" /nix
mount --bind "$1/sets" "$2/nixpkgs"
mount --bind "$1/kept" "$2/../nix"
shift 2
exec "$@"
"#;

/// What a command of this program prints that sees an empty store and the Nix of a Debian suite.
pub fn output(cache: &Cache, suite: &str, arguments: &[&str]) -> Result<String> {
    let scratch = cache.scratch()?;
    for name in ["nix", "sets", "kept"] {
        fs::create_dir(scratch.path().join(name))?;
    }
    for place in ["nixpkgs", "../nix"] {
        cache.folder(place)?;
    }
    fs::create_dir_all("/nix").context("cannot create /nix")?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-euc", SCRIPT, "sh"]);
    command.arg(scratch.path()).arg(cache.path("")).arg(std::env::current_exe()?).args(arguments);
    process::output_with_progress(command.env(SUITE_VARIABLE, suite).env_remove("NIX_CACHE_HOME"))
}
