//! Nothing half-written is ever found under its final name.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

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
    match rename_to_new(&aside, target) {
        Ok(()) => Ok(value),
        // Another run was faster.
        Err(_) if target.symlink_metadata().is_ok() => Ok(exists()?),
        Err(error) => Err(Error::io("renaming to", target)(error).into()),
    }
}

/// Renames, and replaces nothing: `rename` alone puts a file in the place of a file, and a folder in that of an empty one.
fn rename_to_new(from: &Path, to: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_by_old_means(from, to),
        renamed => Ok(renamed?),
    }
}

/// For file systems that cannot rename so, such as NFS. Nothing is lost: of what is there already, only an empty folder
/// is replaced.
fn rename_by_old_means(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() { std::fs::rename(from, to) } else { std::fs::hard_link(from, to) }
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

    /// What a run makes, a file, an empty folder or one with a file in it, as the folder has it.
    const MAKE: [fn(&Path) -> Result<()>; 3] = [
        |path| write(path, b"a file"),
        create_dir,
        |path| {
            create_dir(path)?;
            write(&path.join("file"), b"in a folder")
        },
    ];

    fn made(path: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let below = std::fs::read_dir(path).into_iter().flatten().flat_map(|entry| made(&entry.unwrap().path()));
        [(path.to_owned(), std::fs::read(path).ok())].into_iter().chain(below).collect()
    }

    #[test]
    fn the_slower_of_two_runs_is_refused_and_replaces_nothing() {
        for (faster, slower) in MAKE.iter().flat_map(|faster| MAKE.map(|slower| (faster, slower))) {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("out");
            let mut before = Vec::new();
            let refused = write_aside(&target, |aside| {
                write_aside(&target, faster)?;
                before = made(&target);
                slower(aside)
            });
            assert!(matches!(refused, Err(Error::Exists { .. })), "{before:?}");
            assert_eq!(made(&target), before);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn where_a_file_system_cannot_rename_to_new_names_only_nothing_is_lost() {
        for (there, make) in MAKE.iter().flat_map(|there| MAKE.map(|make| (there, make))) {
            let dir = tempfile::tempdir().unwrap();
            let [there_already, new, free] = ["there", "new", "free"].map(|name| dir.path().join(name));
            there(&there_already).unwrap();
            make(&new).unwrap();
            let before = made(&there_already);
            let renamed = rename_by_old_means(&new, &there_already);
            assert!(before == made(&there_already) || before == [(there_already.clone(), None)], "{before:?}");
            if renamed.is_err() {
                rename_by_old_means(&new, &free).unwrap();
                assert!(free.exists());
            }
        }
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
