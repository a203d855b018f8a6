//! What an `up` has done, so that `down` undoes exactly that. It is written before anything is done.

use std::io::Write;
use std::path::{Path, PathBuf};

use nix_seed_source::Found;
use nix_seed_store::{PathInfo, StorePath};
use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::{Error, Result};

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
    /// Those of them that the daemon had for valid nevertheless, until they are whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost: Vec<String>,
    /// Further files and folders that were made, relative to the root, or to the user's own folder.
    pub(crate) files: Vec<PathBuf>,
}

impl Journal {
    /// A record of what is about to be done for a seed, added to what an earlier run has recorded for it.
    pub(crate) fn extend<'a>(
        state: &State,
        found: &Found,
        missing: impl Iterator<Item = &'a PathInfo>,
        files: Vec<PathBuf>,
    ) -> Result<Self> {
        let digest = found.digest();
        let earlier = Self::read(state, &digest)?;
        let mut paths = earlier.map(|earlier| earlier.paths).unwrap_or_default();
        add(&mut paths, missing.map(|info| &info.path));
        Ok(Self {
            version: 1,
            digest,
            location: found.location.to_string(),
            complete: false,
            paths,
            lost: Vec::new(),
            files,
        })
    }

    /// The record of the seed with this digest, if there is one.
    pub(crate) fn read(state: &State, digest: &str) -> Result<Option<Self>> {
        read(&path(state, digest))
    }

    /// All records, by digest.
    pub(crate) fn all(state: &State) -> Result<Vec<Self>> {
        let folder = state.folder().join("up");
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
    pub(crate) fn write(&self, state: &State) -> Result<()> {
        let path = path(state, &self.digest);
        let aside = path.with_extension("partial");
        let json = serde_json::to_vec_pretty(self).map_err(|why| malformed(&path, why))?;
        let write = || {
            let mut file = std::fs::File::create(&aside)?;
            file.write_all(&json)?;
            // After a loss of power, too, `down` has to know what there is to undo.
            file.sync_all()?;
            std::fs::rename(&aside, &path)?;
            path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        };
        write().map_err(Error::io("writing", &path))
    }

    /// Adds what another seed has brought, which is down now, and what stays of it since something else needs it: the last
    /// `down` is to take it.
    /// Of these, `half` may not be whole.
    pub(crate) fn inherit<'a>(
        &self,
        kept: impl Iterator<Item = &'a StorePath>,
        half: &[StorePath],
        state: &State,
    ) -> Result<()> {
        let mut heir = self.clone();
        add(&mut heir.paths, kept);
        add(&mut heir.lost, half.iter());
        heir.write(state)
    }

    /// Removes the record.
    pub(crate) fn remove(&self, state: &State) -> Result<()> {
        crate::tree::remove(&path(state, &self.digest))
    }

    /// The paths that were missing.
    pub(crate) fn store_paths(&self, state: &State) -> Result<Vec<StorePath>> {
        let parse = |base: &String| StorePath::from_base_name(base);
        let paths = self.paths.iter().map(parse).collect::<Result<_, _>>();
        paths.map_err(|why| malformed(&path(state, &self.digest), why))
    }
}

fn add<'a>(names: &mut Vec<String>, paths: impl Iterator<Item = &'a StorePath>) {
    names.extend(paths.map(|path| path.base_name().to_owned()));
    names.sort();
    names.dedup();
}

/// The seed's short name in files and folders: the first digits of its digest.
pub(crate) fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..16).unwrap_or(hex)
}

fn path(state: &State, digest: &str) -> PathBuf {
    state.folder().join("up").join(format!("{}.json", short(digest)))
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
