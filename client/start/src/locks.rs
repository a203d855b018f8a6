//! Locks that Nix takes as well, so that neither gets in the other's way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix_seed_store::StorePath;

use crate::{Error, Result};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Whether the file at `path` is still the one that is locked.
    pub(crate) fn is_in(&self, path: &Path) -> bool {
        is_same(&self.file, path)
    }
}

fn is_same(open: &File, path: &Path) -> bool {
    let (open, there) = (open.metadata().ok(), path.metadata().ok());
    open.zip(there).is_some_and(|(open, there)| (open.dev(), open.ino()) == (there.dev(), there.ino()))
}

/// Takes the lock in `path`, alone or with others; says once that it waits, and for what.
pub(crate) fn lock(path: &Path, shared: bool, waits_for: &str) -> Result<Lock> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(Error::io("opening", path))?;
    let attempt = if shared { file.try_lock_shared() } else { file.try_lock() };
    match attempt {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            tracing::warn!("waiting for {waits_for}, which holds {}", path.display());
            let wait = if shared { file.lock_shared() } else { file.lock() };
            wait.map_err(Error::io("locking", path))?;
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("locking", path)(error)),
    }
    Ok(Lock { file })
}

/// The lock of a store path, as Nix takes it (`PathLocks`): a file beside the path, removed before the lock goes.
pub(crate) struct PathLock {
    path: PathBuf,
    file: File,
}

impl PathLock {
    /// Waits for whoever builds or brings `path`, in the store folder `store`.
    pub(crate) fn take(store: &Path, path: &StorePath) -> Result<Self> {
        let file_path = store.join(format!("{}.lock", path.base_name()));
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&file_path);
            let file = file.map_err(Error::io("opening", &file_path))?;
            file.lock().map_err(Error::io("locking", &file_path))?;
            // Whoever held it before may have removed the file; its lock is nobody's then. Nix marks such a file.
            let is_stale = file.metadata().map_err(Error::io("reading", &file_path))?.len() > 0;
            if !is_stale && is_same(&file, &file_path) {
                return Ok(Self { path: file_path, file });
            }
        }
    }
}

impl Drop for PathLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.write_all(b"d");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lock_is_one_holder_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        let held = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = PathLock::take(dir.path(), &path).unwrap();
                        assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
