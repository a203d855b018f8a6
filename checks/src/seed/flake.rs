//! Flakes as a user has them: a folder with a lock file, and the seed that is built from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::fixture::{self, Options};
use crate::machine::cache::Cache;
use crate::machine::prepared::Prepared;
use crate::machine::{files, process, repository};
use crate::nix::Nix;

/// What it takes to build a flake's seed: Nix, the package set, and this repository as a flake.
pub struct Workbench {
    pub cache: Cache,
    pub nix: Nix,
    nixpkgs: PathBuf,
    nix_seed: PathBuf,
}

impl Workbench {
    /// The package set, as a flake in the store.
    pub fn nixpkgs(&self) -> &Path {
        &self.nixpkgs
    }

    /// Sets up what is not there yet.
    pub fn open() -> Result<Self> {
        if let Some(Prepared { nixpkgs, nix_seed, .. }) = Prepared::given() {
            let cache = Cache::open()?;
            let nix = Nix::find(&cache)?;
            return Ok(Self { cache, nix, nixpkgs: nixpkgs.clone(), nix_seed: nix_seed.clone() });
        }
        Self::open_with(&Options::default())
    }

    /// As [`Self::open`], with another package set.
    pub fn open_with(options: &Options) -> Result<Self> {
        let cache = Cache::open()?;
        let nix = Nix::find(&cache)?;
        let nixpkgs = fixture::prepare(&cache, &nix, options)?;
        let metadata =
            process::output(nix.command("nix").args(["flake", "metadata", "--json"]).arg(repository::flake()))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
        let nix_seed = metadata["path"].as_str().context("`nix flake metadata` names no path")?.into();
        Ok(Self { cache, nix, nixpkgs, nix_seed })
    }

    /// The files of this repository that git knows of, in the store.
    pub fn source(&self) -> &Path {
        &self.nix_seed
    }

    /// This repository as a flake, as it is now: changes that are not committed are part of it.
    pub fn nix_seed(&self) -> String {
        format!("path:{}", self.nix_seed.display())
    }

    /// The options that put the package set and this repository in the place of a flake's inputs.
    pub fn overrides(&self) -> Vec<String> {
        let inputs = [
            ("nixpkgs", self.nixpkgs.clone()),
            ("nix-seed", self.nix_seed.clone()),
            ("systems", repository::path().join("checks/systems")),
        ];
        inputs
            .into_iter()
            .flat_map(|(input, path)| ["--override-input".into(), input.into(), format!("path:{}", path.display())])
            .collect()
    }

    /// Copies a flake of this repository to `folder` and locks it, as a user's flake is locked.
    ///
    /// From there on no command needs an override: the lock file names the package set by its hash.
    pub fn copy(&self, flake: &str, folder: &Path) -> Result<()> {
        files::copy_tree(&repository::path().join(flake), folder)?;
        self.lock(folder)
    }

    /// Writes a flake's lock file.
    pub fn lock(&self, folder: &Path) -> Result<()> {
        let mut command = self.nix.command("nix");
        command.args(["flake", "lock", "--quiet", "--quiet"]).arg(format!("path:{}", folder.display()));
        // Nix warns of an override that a flake has no use for.
        let text = fs::read_to_string(folder.join("flake.nix"))?;
        for option in self.overrides().chunks(3).filter(|option| text.contains(&option[1])) {
            command.args(option);
        }
        process::output(&mut command).map(drop)
    }

    /// Builds `attribute` of the flake in `folder` and gives the result's store path.
    pub fn build(&self, folder: &Path, attribute: &str) -> Result<PathBuf> {
        Ok(process::output(&mut self.build_command(folder, attribute))?.trim().into())
    }

    /// As [`Self::build`], and lets Nix report its progress.
    pub fn build_with_progress(&self, folder: &Path, attribute: &str) -> Result<PathBuf> {
        Ok(process::output_with_progress(&mut self.build_command(folder, attribute))?.trim().into())
    }

    fn build_command(&self, folder: &Path, attribute: &str) -> Command {
        let mut command = self.nix.command("nix");
        command.args(["build", "--print-out-paths", "--no-link"]);
        command.arg(format!("path:{}#{attribute}", folder.display()));
        command
    }

    /// Builds packages of the package set and gives their store paths, one a line.
    pub fn packages(&self, names: &[&str]) -> Result<String> {
        let installable = |name| format!("path:{}#legacyPackages.x86_64-linux.{name}", self.nixpkgs.display());
        let mut command = self.nix.command("nix");
        command.args(["build", "--no-link", "--print-out-paths"]).args(names.iter().map(installable));
        process::output(&mut command)
    }

    /// The helper that the package set hands over.
    pub fn helper(&self) -> Result<PathBuf> {
        if let Some(given) = Prepared::given().filter(|given| given.nixpkgs == self.nixpkgs) {
            return Ok(given.helper.clone());
        }
        let mut command = self.nix.command("nix");
        command.args(["build", "--print-out-paths", "--no-link", "--quiet"]).arg(format!("{}#helper", self.nix_seed()));
        command.args(&self.overrides()[..3]);
        Ok(Path::new(process::output(&mut command)?.trim()).join("bin/nix-seed-helper"))
    }
}

/// Replaces `from`, which has to be there, in a file below `folder`: a user's edit.
pub fn edit(folder: &Path, file: &str, from: &str, to: &str) -> Result<()> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(text.contains(from), "{} does not contain {from:?}", path.display());
    Ok(fs::write(path, text.replace(from, to))?)
}
