//! Nothing half-written is ever found under its final name.

use std::path::Path;

use crate::{Error, Result};

/// Lets `write` fill a file or folder beside `target` and renames it to `target` when that has succeeded.
///
/// A target that exists is refused before anything is written. What a failed `write` leaves is removed; what a killed
/// one leaves has another name and is never read.
pub fn write_aside<T>(target: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if target.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: target.into() });
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let aside = target.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let result = write(&aside).and_then(|value| {
        std::fs::rename(&aside, target).map_err(Error::io("renaming to", target))?;
        Ok(value)
    });
    if result.is_err() {
        let _ = std::fs::remove_dir_all(&aside).or_else(|_| std::fs::remove_file(&aside));
    }
    result
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
    fn what_exists_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        write(&target, b"mine").unwrap();
        assert!(matches!(write_aside(&target, |aside| write(aside, b"new")), Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    }
}
