//! The folder of one run: what the command writes to `/nix` lies there until the run ends.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Result, tree};

/// The file in a run's folder that is locked for as long as the run lasts.
const LOCK: &str = "lock";

/// What the command wrote, as files of the overlay. With it the run's folder looks like a root.
pub(crate) const UPPER: &str = "nix";
/// Where the second process says when it became the command.
pub(crate) const BEGAN: &str = "began";
/// What the kernel needs for the overlay.
pub(crate) const WORK: &str = "work";
/// Where the new root is mounted before it is the root.
pub(crate) const ROOT: &str = "root";
/// Where a seed is mounted before the overlay has it.
pub(crate) const LOWER: &str = "lower";
/// Why the second process could not mount the seed, if that is what ended it.
pub(crate) const REFUSED: &str = "refused";
/// A copy of the seed, where the kernel has no overlay for us.
pub(crate) const COPY: &str = "copy";

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Makes a folder in `runs`, and removes those that killed runs have left there.
    pub(crate) fn create(runs: &Path) -> Result<Self> {
        std::fs::create_dir_all(runs).map_err(Error::io("creating", runs))?;
        let gate = open(&runs.join(".lock"), true)?;
        gate.lock().map_err(Error::io("locking", runs))?;
        let dead = dead(runs)?;
        let folder = create(runs)?;
        drop(gate);
        for (path, lock) in dead {
            // That a leftover cannot be removed is not this run's concern.
            if let Err(error) = clear(&path) {
                tracing::warn!("what a killed run has left stays there: {error}");
            }
            drop(lock);
        }
        Ok(folder)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.path) {
            tracing::warn!("{error}");
        }
    }
}

fn create(runs: &Path) -> Result<RunFolder> {
    for number in 0.. {
        let path = runs.join(format!("{}-{number}", std::process::id()));
        match std::fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            made => made.map_err(Error::io("creating", &path))?,
        }
        let lock = open(&path.join(LOCK), true)?;
        lock.lock().map_err(Error::io("locking", &path))?;
        for name in [UPPER, WORK, ROOT] {
            let path = path.join(name);
            std::fs::create_dir(&path).map_err(Error::io("creating", path))?;
        }
        return Ok(RunFolder { path, _lock: lock });
    }
    Err(Error::io("creating", runs)(std::io::Error::from(ErrorKind::AlreadyExists)))
}

/// The folders that nobody holds, each with its lock. Nobody else makes one meanwhile.
fn dead(runs: &Path) -> Result<Vec<(PathBuf, Option<File>)>> {
    let mut dead = Vec::new();
    for entry in std::fs::read_dir(runs).map_err(Error::io("reading", runs))? {
        let path = entry.map_err(Error::io("reading", runs))?.path();
        if !path.is_dir() {
            continue;
        }
        match open(&path.join(LOCK), false) {
            Ok(lock) if lock.try_lock().is_ok() => dead.push((path, Some(lock))),
            Ok(_) => {}
            // Killed before it had a lock, or while it was removed.
            Err(_) => dead.push((path, None)),
        }
    }
    Ok(dead)
}

/// Removes a run's folder, its lock at last: until then, nobody else does.
fn clear(path: &Path) -> Result<()> {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_name() != LOCK {
            tree::remove(&entry.path())?;
        }
    }
    tree::remove(path)
}

/// Opens a file to be locked.
pub(crate) fn open(path: &Path, create: bool) -> Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(create).truncate(false).open(path);
    file.map_err(Error::io("opening", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_run_and_leftovers_with_the_next() {
        let runs = tempfile::tempdir().unwrap();
        let names = || {
            let entries = std::fs::read_dir(runs.path()).unwrap().map(|entry| entry.unwrap().path());
            let mut names: Vec<_> = entries.filter(|path| path.is_dir()).collect();
            names.sort();
            names
        };
        let first = RunFolder::create(runs.path()).unwrap();
        std::fs::create_dir(runs.path().join("1-0")).unwrap();
        std::fs::create_dir_all(runs.path().join("2-0/nix/store")).unwrap();
        std::fs::write(runs.path().join("2-0/lock"), "").unwrap();
        let second = RunFolder::create(runs.path()).unwrap();
        assert_eq!(names(), [first.path.clone(), second.path.clone()]);
        drop(first);
        assert_eq!(names(), std::slice::from_ref(&second.path));
        drop(second);
        assert!(names().is_empty());
    }
}
