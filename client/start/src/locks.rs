//! Locks that Nix takes as well, so that neither gets in the other's way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix_seed_store::StorePath;
use rustix::fs::{Gid, Uid};

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

/// Whether the open file is the one that lies at `path`.
pub(crate) fn is_same(open: &File, path: &Path) -> bool {
    let (open, there) = (open.metadata().ok(), path.metadata().ok());
    open.zip(there).is_some_and(|(open, there)| (open.dev(), open.ino()) == (there.dev(), there.ino()))
}

/// Whom a file is given to that root makes in somebody else's store: else its owner could not open it.
pub(crate) type Owner = Option<(Uid, Gid)>;

/// Opens a lock file, or makes it. Whom the store belongs to could put a link there, so none is followed, and no file that was
/// there is given to anybody.
fn open(path: &Path, owner: Owner) -> Result<File> {
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(no_link);
    loop {
        match options.clone().create_new(true).open(path) {
            Ok(file) => {
                if let Some((user, group)) = owner {
                    rustix::fs::fchown(&file, Some(user), Some(group)).map_err(Error::errno("writing", path))?;
                }
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("opening", path)(error)),
        }
        match options.open(path) {
            // Whoever held it has removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened.map_err(Error::io("opening", path)),
        }
    }
}

/// Takes the lock in `path`, alone or with others; says once that it waits, and for what.
pub(crate) fn lock(path: &Path, owner: Owner, shared: bool, waits_for: &str) -> Result<Lock> {
    let file = open(path, owner)?;
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
    pub(crate) fn take(store: &Path, path: &StorePath, owner: Owner) -> Result<Self> {
        let file_path = lock_path(store, path);
        loop {
            let file = open(&file_path, owner)?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                tracing::warn!("waiting for whoever builds or brings {path}, and holds {}", file_path.display());
            }
            file.lock().map_err(Error::io("locking", &file_path))?;
            // Whoever held it before may have removed the file; its lock is nobody's then. Nix marks such a file.
            let is_stale = file.metadata().map_err(Error::io("reading", &file_path))?.len() > 0;
            if !is_stale && is_same(&file, &file_path) {
                return Ok(Self { path: file_path, file });
            }
        }
    }

    /// Removes the lock file of `path` that a killed process has left. One that is held stays, and one that is another user's.
    pub(crate) fn clear(store: &Path, path: &StorePath) {
        let path = lock_path(store, path);
        let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        if let Ok(file) = File::options().write(true).custom_flags(no_link).open(&path)
            && file.try_lock().is_ok()
            && is_same(&file, &path)
        {
            drop(Self { path, file });
        }
    }
}

fn lock_path(store: &Path, path: &StorePath) -> PathBuf {
    store.join(format!("{}.lock", path.base_name()))
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
    fn attack_a_link_in_a_locks_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (precious, place) = (dir.path().join("precious"), dir.path().join("lock"));
        std::fs::write(&precious, "1").unwrap();
        std::os::unix::fs::symlink(&precious, &place).unwrap();
        let error = lock(&place, None, false, "another").unwrap_err().to_string();
        assert!(error.contains("opening"), "{error}");
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        std::os::unix::fs::symlink(&precious, lock_path(dir.path(), &path)).unwrap();
        PathLock::clear(dir.path(), &path);
        assert!(PathLock::take(dir.path(), &path, None).is_err());
        assert_eq!(std::fs::read_to_string(precious).unwrap(), "1");
    }

    #[test]
    fn a_lock_that_was_left_goes_and_one_that_is_held_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        PathLock::clear(dir.path(), &path);
        let held = PathLock::take(dir.path(), &path, None).unwrap();
        PathLock::clear(dir.path(), &path);
        assert!(is_same(&held.file, &held.path));
        drop(held);
        std::fs::write(lock_path(dir.path(), &path), "").unwrap();
        PathLock::clear(dir.path(), &path);
        assert!(!lock_path(dir.path(), &path).exists());
    }

    #[test]
    fn a_path_lock_is_one_holder_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        let held = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = PathLock::take(dir.path(), &path, None).unwrap();
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
