//! Nothing half-written is ever found under its final name.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Lets `write` fill a file or folder beside `target` and renames it to `target` when that has succeeded.
///
/// A target that exists is refused before anything is written. What a failed `write` leaves is removed; what a killed
/// one leaves, `.<name>.<number>.partial` beside the target, is never read.
pub fn write_aside<T>(target: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if target.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: target.into() });
    }
    let folder = create_folder_beside(target)?;
    let aside = folder.join("out");
    let result = write(&aside).and_then(|value| match std::fs::rename(&aside, target) {
        Ok(()) => Ok(value),
        // Another run was faster.
        Err(_) if target.symlink_metadata().is_ok() => Err(Error::Exists { path: target.into() }),
        Err(error) => Err(Error::io("renaming to", target)(error)),
    });
    let _ = std::fs::remove_dir_all(&folder);
    result
}

/// Creates a folder that is nobody else's: neither left by a killed run nor used by one in another container, though
/// these may well have had the same process id.
fn create_folder_beside(target: &Path) -> Result<PathBuf> {
    if let Some(parent) = target.parent() {
        create_dir(parent)?;
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut id = std::process::id();
    loop {
        let folder = target.with_file_name(format!(".{name}.{id}.partial"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => id = id.wrapping_add(1),
            Err(error) => return Err(Error::io("creating", folder)(error)),
        }
    }
}

/// Writes a file of the given bytes.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(Error::io("writing", path))
}

/// Makes a folder and those above it.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(Error::io("creating", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let failed: Result<()> = write_aside(&target, |aside| {
            create_dir(aside)?;
            write(&aside.join("half"), b"")?;
            Err(Error::Stopped)
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_run_left_stays_out() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join(format!(".out.{}.partial", std::process::id()));
        create_dir(&left.join("out/stale")).unwrap();
        let target = dir.path().join("out");
        write_aside(&target, create_dir).unwrap();
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
        assert!(left.join("out/stale").exists(), "it may belong to a run that goes on");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_slower_of_two_runs_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let slower = write_aside(&target, |aside| {
            write_aside(&target, |aside| create_dir(&aside.join("faster")))?;
            create_dir(aside)
        });
        assert!(matches!(slower, Err(Error::Exists { .. })));
        assert!(target.join("faster").exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_exists_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        write(&target, b"mine").unwrap();
        assert!(matches!(write_aside(&target, |aside| write(aside, b"new")), Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    }
}
