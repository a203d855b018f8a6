//! Nothing half-written is ever found under its final name.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Lets `write` fill a file or folder beside `target` and renames it to `target` when that has succeeded.
///
/// A target that exists is refused before anything is written. What a failed `write` leaves is removed; what a killed
/// one leaves, `.<name>.<number>.partial` beside the target, is never read, and removed by the next run that writes to
/// the same target.
pub fn write_aside<T, E: From<Error>>(target: &Path, write: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
    let exists = || Err(Error::Exists { path: target.into() });
    if target.symlink_metadata().is_ok() {
        return Ok(exists()?);
    }
    if let Some(parent) = target.parent() {
        create_dir(parent)?;
    }
    let partial = Partial::beside(target)?;
    let aside = partial.folder.join("out");
    let value = write(&aside)?;
    match std::fs::rename(&aside, target) {
        Ok(()) => Ok(value),
        // Another run was faster.
        Err(_) if target.symlink_metadata().is_ok() => Ok(exists()?),
        Err(error) => Err(Error::io("renaming to", target)(error).into()),
    }
}

/// A folder for what is not whole yet. It is removed when this goes out of scope.
struct Partial {
    folder: PathBuf,
    /// Held as long as the folder is in use; the system lets go of it when a run is killed.
    _lock: File,
}

impl Partial {
    /// A folder that is nobody else's: neither left by a killed run nor used by one in another container, though these
    /// may well have had the same process id.
    fn beside(target: &Path) -> Result<Self> {
        remove_abandoned(target);
        let mut id = std::process::id();
        loop {
            let folder = target.with_file_name(partial_name(target, &id.to_string()));
            match std::fs::create_dir(&folder) {
                // A run that looks for abandoned folders may have come before the lock.
                Ok(()) => match File::open(&folder).and_then(|lock| lock.lock().map(|()| lock)) {
                    Ok(lock) if folder.exists() => return Ok(Self { folder, _lock: lock }),
                    Err(error) if folder.exists() => return Err(Error::io("locking", folder)(error)),
                    _ => {}
                },
                Err(error) if error.kind() == ErrorKind::AlreadyExists => id = id.wrapping_add(1),
                Err(error) => return Err(Error::io("creating", folder)(error)),
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn partial_name(target: &Path, id: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{id}.partial"));
    name
}

/// Removes what killed runs have left beside `target`: folders that nobody has locked. That is a favour, and fails
/// silently.
fn remove_abandoned(target: &Path) {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let id = name.rsplit('.').nth(1).unwrap_or_default();
        let is_partial = id.parse::<u32>().is_ok() && *entry.file_name() == *partial_name(target, id);
        if is_partial && File::open(entry.path()).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(entry.path());
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
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            create_dir(&dir.path().join(name).join("out/stale")).unwrap();
            dir.path().join(name)
        };
        let abandoned = [folder(&format!(".out.{}.partial", std::process::id())), folder(".out.7.partial")];
        let in_use = folder(".out.8.partial");
        let lock = File::open(&in_use).unwrap();
        lock.lock().unwrap();
        let others = [folder(".other.7.partial"), folder(".out.x.partial"), folder("out.7.partial"), folder(".out.7")];
        let target = dir.path().join("out");
        write_aside(&target, create_dir).unwrap();
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
        assert!(abandoned.iter().all(|folder| !folder.exists()));
        assert!(others.iter().chain([&in_use]).all(|folder| folder.join("out/stale").exists()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 6);
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
