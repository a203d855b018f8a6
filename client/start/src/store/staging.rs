//! Where store paths are written before they are in place: beside it, in the same folder, so that a rename is enough.

use std::path::{Path, PathBuf};

use nix_seed_image::index::SeedPath;
use nix_seed_store::{Event, PathInfo, StorePath};
use rustix::fs::{Gid, Uid};

use super::is_intact;
use crate::fetch::Target;
use crate::tree::{TreeWriter, remove};
use crate::{Error, Result};

/// What begins the name of all that is whole and not in place. Nix' garbage collector removes what no path has. Together with the
/// longest name of a store path it is one byte shorter than a file system's longest name.
const PREFIX: &str = ".nix-seed-";
/// What begins the name of all that is being written.
const PARTIAL: &str = ".nix-seed+";

/// The store's folder, as a place for what is not valid yet.
pub(crate) struct Staging {
    folder: PathBuf,
    owner: Option<(Uid, Gid)>,
}

impl Target for Staging {
    type Writing = (PathBuf, TreeWriter);

    fn begin(&self, path: &SeedPath) -> Result<Self::Writing> {
        let partial = Self::begin(self, &path.info.path)?;
        Ok((partial.clone(), TreeWriter::new(partial, self.owner)))
    }

    fn event(&self, (_, writer): &mut Self::Writing, event: &Event<'_>) -> Result<()> {
        writer.event(event)
    }

    fn finish(&self, path: &SeedPath, _position: u32, (partial, writer): Self::Writing) -> Result<()> {
        drop(writer);
        Self::finish(self, &path.info.path, &partial)
    }
}

impl Staging {
    pub(super) fn new(folder: PathBuf, owner: Option<(Uid, Gid)>) -> Self {
        Self { folder, owner }
    }

    pub(crate) fn owner(&self) -> Option<(Uid, Gid)> {
        self.owner
    }

    /// Where to write `path`; what an interrupted run left there is removed.
    pub(crate) fn begin(&self, path: &StorePath) -> Result<PathBuf> {
        let partial = self.folder.join(format!("{PARTIAL}{}", path.base_name()));
        remove(&partial)?;
        Ok(partial)
    }

    /// What was written to `partial` is whole.
    pub(crate) fn finish(&self, path: &StorePath, partial: &Path) -> Result<()> {
        let staged = self.staged(path);
        remove(&staged)?;
        std::fs::rename(partial, &staged).map_err(Error::io("writing", staged))
    }

    /// Whether an earlier run left `info`'s path whole, here or in its place. What it left otherwise is removed.
    pub(crate) fn resume(&self, info: &PathInfo) -> Result<bool> {
        let (staged, place) = (self.staged(&info.path), self.folder.join(info.path.base_name()));
        for candidate in [&staged, &place] {
            if candidate.symlink_metadata().is_ok() && is_intact(candidate, info) {
                return Ok(true);
            }
        }
        remove(&staged)?;
        Ok(false)
    }

    /// Puts a staged path in its place. What lies there is not valid; it goes, unless nothing is staged, since then it
    /// is what an earlier run has put there.
    pub(crate) fn place(&self, path: &StorePath) -> Result<()> {
        let (staged, place) = (self.staged(path), self.folder.join(path.base_name()));
        if !self.holds(path) {
            return Ok(());
        }
        remove(&place)?;
        std::fs::rename(&staged, &place).map_err(Error::io("writing", place))
    }

    /// Whether a path is staged.
    pub(crate) fn holds(&self, path: &StorePath) -> bool {
        self.staged(path).symlink_metadata().is_ok()
    }

    /// Removes all that is staged for a path.
    pub(crate) fn discard(&self, path: &StorePath) -> Result<()> {
        remove(&self.staged(path))?;
        self.begin(path).map(drop)
    }

    fn staged(&self, path: &StorePath) -> PathBuf {
        self.folder.join(format!("{PREFIX}{}", path.base_name()))
    }
}
