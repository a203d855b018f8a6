//! A lock file on disk.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::git::git_line;
use crate::lock::{Entry, LOCK_MAX, Lock, Updated};
use crate::{Error, Result};

/// A lock file, by its path.
#[derive(Debug, Clone)]
pub struct LockFile(PathBuf);

impl LockFile {
    /// Reads nothing yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// What it says; none where there is no file.
    pub fn read(&self) -> Result<Option<Lock>> {
        let file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("opening", &self.0)(error)),
        };
        let mut bytes = Vec::new();
        file.take(LOCK_MAX + 1).read_to_end(&mut bytes).map_err(Error::io("reading", &self.0))?;
        Lock::parse(&bytes, &self.0.display().to_string()).map(Some)
    }

    /// Sets a system's seed, and leaves those of others as they are. Where nothing changes, the file is not touched. Two
    /// updates at the same time wait for each other.
    pub fn update(&self, system: &str, entry: Entry) -> Result<Updated> {
        let folder = self.folder();
        let held = File::open(folder).map_err(Error::io("opening", folder))?;
        held.lock().map_err(Error::io("locking", folder))?;
        let mut lock = self.read()?.unwrap_or_default();
        let updated = lock.update(system, entry)?;
        if updated != Updated::Unchanged {
            self.write(&lock)?;
        }
        Ok(updated)
    }

    /// Written aside and renamed: a reader sees the old file or the new one.
    fn write(&self, lock: &Lock) -> Result<()> {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let aside = self.folder().join(name);
        let written = File::create(&aside).and_then(|mut file| {
            file.write_all(lock.to_text().as_bytes())?;
            file.sync_all()
        });
        let written = written.and_then(|()| std::fs::rename(&aside, &self.0));
        written.map_err(|error| {
            // What is left of it says nothing.
            let _ = std::fs::remove_file(&aside);
            Error::io("writing", &self.0)(error)
        })
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &Path {
        match self.0.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

/// The commit that is checked out in the git repository around a folder.
pub fn head(folder: &Path) -> Result<String> {
    git_line(folder, &["rev-parse", "--verify", "HEAD^{commit}"])
}
