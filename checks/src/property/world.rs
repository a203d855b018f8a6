//! What all batches share.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::StatVfsMountFlags;

use super::store::Store;
use crate::machine::cache::Cache;
use crate::machine::process;
use crate::nix::Nix;
use crate::seed::flake::Workbench;

pub struct World {
    nix: Nix,
    cache: Cache,
    /// This repository, the package set, and the helper if it is not that of the repository, in the store.
    pub(super) nix_seed: PathBuf,
    pub(super) nixpkgs: PathBuf,
    pub(super) helper: Option<PathBuf>,
    /// What every store of a batch begins with.
    common: Vec<PathBuf>,
}

impl World {
    /// Sets up what is not there yet. `helper` is a program to plan with in the place of the repository's.
    pub fn open(helper: Option<&Path>) -> Result<Self> {
        let workbench = Workbench::open()?;
        let helper = helper.map(|program| add_helper(&workbench, program)).transpose()?;
        let own = workbench.helper()?;
        let mut common: Vec<PathBuf> = workbench.packages(&["bash", "coreutils"])?.lines().map(Into::into).collect();
        let nixpkgs = workbench.nixpkgs().to_owned();
        let nix_seed = workbench.source().to_owned();
        common.extend([nixpkgs.clone(), nix_seed.clone()]);
        common.extend(own.ancestors().nth(2).map(Path::to_owned));
        common.extend(helper.clone());
        let Workbench { nix, cache, .. } = workbench;
        // A Nix that lies in the store is out of sight in another one.
        let program = nix.program().canonicalize().context("there is no Nix")?;
        common.extend(program.starts_with("/nix/store").then_some(program));
        Ok(Self { nix, cache, nix_seed, nixpkgs, helper, common })
    }

    /// A folder for a batch: in memory, where programs may be run from there.
    pub(super) fn scratch(&self) -> Result<tempfile::TempDir> {
        let memory = Path::new("/dev/shm");
        let flags = rustix::fs::statvfs(memory).map(|status| status.f_flag);
        if flags.is_ok_and(|flags| !flags.contains(StatVfsMountFlags::NOEXEC))
            && let Ok(folder) = tempfile::Builder::new().prefix("nix-seed-property-").tempdir_in(memory)
        {
            return Ok(folder);
        }
        self.cache.scratch()
    }

    pub(super) fn store(&self, folder: PathBuf, is_online: bool) -> Result<Store<'_>> {
        Store::new(&self.nix, folder, &self.common, is_online)
    }

    /// Whether a store path is of the package set.
    pub(super) fn is_common(&self, path: &str) -> bool {
        self.common.iter().any(|common| common == Path::new(path))
    }
}

fn add_helper(workbench: &Workbench, program: &Path) -> Result<PathBuf> {
    let scratch = workbench.cache.scratch()?;
    let tree = scratch.path().join("other-helper");
    std::fs::create_dir_all(tree.join("bin"))?;
    std::fs::copy(program, tree.join("bin/nix-seed-helper"))
        .with_context(|| format!("cannot copy {}", program.display()))?;
    let mut command = workbench.nix.command("nix-store");
    let added = process::output(command.args(["--add-fixed", "--recursive", "sha256"]).arg(&tree))?;
    Ok(added.trim().into())
}
