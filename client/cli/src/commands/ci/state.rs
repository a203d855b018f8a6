//! What the steps of a job leave for those after them.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix_seed_ci::Records;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::step::variable;
use crate::error::Error;
use crate::files::{read, write};

/// A record has at most so many bytes.
const RECORD_MAX: u64 = 16 << 20;

/// A folder of this job's.
pub(super) struct State {
    pub(super) folder: PathBuf,
}

impl State {
    /// Makes it where it is not there; refuses one that others may write to, who could then say what is published.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let folder = match folder.filter(|folder| *folder != Path::new("")) {
            Some(folder) => folder.to_owned(),
            None => usual()?,
        };
        let folder = std::path::absolute(&folder).map_err(|source| io("finding", &folder, source))?;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| io("creating", &folder, source))?;
        let metadata = std::fs::metadata(&folder).map_err(|source| io("reading", &folder, source))?;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(Error::StateShared { folder });
        }
        Ok(Self { folder })
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the steps' traces go.
    pub(super) fn trace(&self) -> PathBuf {
        self.at("trace.jsonl")
    }

    pub(super) fn put<T: Serialize>(&self, name: &str, record: &T) -> Result<(), Error> {
        let path = self.at(name);
        let json = serde_json::to_vec_pretty(record).map_err(|error| io("writing", &path, error.into()))?;
        write(&path, &json)
    }

    /// What an earlier step has left; none where it left nothing.
    pub(super) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let path = self.at(name);
        if !path.exists() {
            return Ok(None);
        }
        let record = serde_json::from_slice(&read(&path, RECORD_MAX)?);
        record.map(Some).map_err(|error| io("understanding", &path, error.into()))
    }

    pub(super) fn records(&self) -> Result<Records, Error> {
        Ok(Records {
            started: self.get(START)?,
            built: self.get(BUILD)?,
            seeded: self.get(SEED)?,
            recorded: self.get(RECORD)?,
        })
    }

    /// What a seed that is up wants later steps to have: folders that go before PATH, first the first, and variables.
    pub(super) fn environment(&self) -> (Vec<String>, Vec<(String, String)>) {
        let lines = |name| {
            let text = std::fs::read_to_string(self.at(name)).unwrap_or_default();
            text.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
        };
        let mut path = lines(PATH);
        // As GitHub's runner reads its file.
        path.reverse();
        let variables = lines(ENV);
        let variables = variables.iter().filter_map(|line| line.split_once('='));
        (path, variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Takes away what an earlier run of a step has left, so that nothing stale is believed when this one fails.
    pub(super) fn forget(&self, name: &str) -> Result<(), Error> {
        let path = self.at(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(io("removing", &path, source)),
            _ => Ok(()),
        }
    }
}

/// In the form of the files that GITHUB_PATH and GITHUB_ENV name.
pub(super) const PATH: &str = "path";
pub(super) const ENV: &str = "env";
pub(super) const START: &str = "start.json";
pub(super) const BUILD: &str = "build.json";
pub(super) const SEED: &str = "seed.json";
pub(super) const RECORD: &str = "record.json";

/// A folder that ends with the job, where the runner has one.
fn usual() -> Result<PathBuf, Error> {
    if let Some(folder) = variable("RUNNER_TEMP") {
        return Ok(PathBuf::from(folder).join("nix-seed/job"));
    }
    let state = variable("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".local/state")));
    // Jobs of one user may run at the same time.
    let job = variable("CI_JOB_ID").filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let state = state.ok_or(Error::NoState)?.join("nix-seed/jobs");
    Ok(state.join(job.unwrap_or_else(|| "by-hand".into())))
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_record_is_found_by_a_later_step() {
        let root = tempfile::tempdir().unwrap();
        let state = State::open(Some(&root.path().join("a/b"))).unwrap();
        assert_eq!(state.get::<Vec<u8>>(SEED).unwrap(), None);
        state.put(SEED, &vec![1, 2]).unwrap();
        assert_eq!(state.get::<Vec<u8>>(SEED).unwrap(), Some(vec![1, 2]));
        state.forget(SEED).unwrap();
        state.forget(SEED).unwrap();
        assert_eq!(state.get::<Vec<u8>>(SEED).unwrap(), None);
    }

    #[test]
    fn attack_a_folder_that_others_write_to_is_refused() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(State::open(Some(root.path())), Err(Error::StateShared { .. })));
    }

    #[test]
    fn a_record_that_is_none_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let state = State::open(Some(root.path())).unwrap();
        std::fs::write(state.at(START), "{").unwrap();
        assert!(matches!(state.records(), Err(Error::Io { .. })));
    }
}
