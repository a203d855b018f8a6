//! What an `up` has done, so that `down` undoes exactly that. It is written before anything is done.

use std::io::Write;
use std::path::{Path, PathBuf};

use nix_seed_store::StorePath;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The folder of this program's own files in a store, relative to the root.
pub(crate) const STATE: &str = "nix/var/nix-seed";

/// The record of one seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Journal {
    /// The version of this format.
    pub(crate) version: u32,
    /// The seed's digest.
    pub(crate) digest: String,
    /// Where it came from, for people.
    pub(crate) location: String,
    /// Whether the seed, and all that belongs to it, is in place.
    pub(crate) complete: bool,
    /// The store paths that were missing, by base name.
    pub(crate) paths: Vec<String>,
    /// Further files and folders that were made, relative to the root.
    pub(crate) files: Vec<PathBuf>,
}

impl Journal {
    /// The record of the seed with this digest, if there is one below `root`.
    pub(crate) fn read(root: &Path, digest: &str) -> Result<Option<Self>> {
        read(&path(root, digest))
    }

    /// All records below `root`, by digest.
    pub(crate) fn all(root: &Path) -> Result<Vec<Self>> {
        let folder = root.join(STATE).join("up");
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::io("reading", &folder))?,
        };
        let mut journals = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::io("reading", &folder))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                journals.extend(read(&path)?);
            }
        }
        journals.sort_by(|a: &Self, b| a.digest.cmp(&b.digest));
        Ok(journals)
    }

    /// Writes the record, aside and then in its place.
    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        let path = path(root, &self.digest);
        let aside = path.with_extension("partial");
        let json = serde_json::to_vec_pretty(self).map_err(|why| malformed(&path, why))?;
        let write = || {
            let mut file = std::fs::File::create(&aside)?;
            file.write_all(&json)?;
            // After a loss of power, too, `down` has to know what there is to undo.
            file.sync_all()?;
            std::fs::rename(&aside, &path)
        };
        write().map_err(Error::io("writing", &path))
    }

    /// Removes the record.
    pub(crate) fn remove(&self, root: &Path) -> Result<()> {
        crate::tree::remove(&path(root, &self.digest))
    }

    /// The paths that were missing.
    pub(crate) fn store_paths(&self, root: &Path) -> Result<Vec<StorePath>> {
        let parse = |base: &String| StorePath::from_base_name(base);
        let paths = self.paths.iter().map(parse).collect::<Result<_, _>>();
        paths.map_err(|why| malformed(&path(root, &self.digest), why))
    }
}

/// The seed's short name in files and folders: the first digits of its digest.
pub(crate) fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..16).unwrap_or(hex)
}

fn path(root: &Path, digest: &str) -> PathBuf {
    root.join(STATE).join("up").join(format!("{}.json", short(digest)))
}

fn read(path: &Path) -> Result<Option<Journal>> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(Error::io("reading", path))?,
    };
    let journal: Journal = serde_json::from_slice(&bytes).map_err(|why| malformed(path, why))?;
    let leaves = |file: &PathBuf| !file.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if journal.version != 1 || journal.files.iter().any(leaves) {
        return Err(malformed(path, "its version is not 1, or it names files elsewhere"));
    }
    Ok(Some(journal))
}

fn malformed(path: &Path, why: impl ToString) -> Error {
    Error::Journal { path: path.into(), why: why.to_string() }
}
