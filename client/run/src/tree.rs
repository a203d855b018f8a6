//! Whole trees: copied as they are, and removed whatever their modes.

use std::fs::{FileTimes, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use crate::{Error, Result};

/// Removes a tree that may have folders without any rights, or a file; what is not there counts as removed.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Ok(metadata) if metadata.is_dir() => {}
        _ => return std::fs::remove_file(path).map_err(Error::io("removing", path)),
    }
    // Root needs no rights; anybody else removes files only from folders that it may write to.
    if std::fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    // What cannot be allowed cannot be removed, which is said below.
    let _ = allow(path);
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("removing", path)(error)),
        _ => Ok(()),
    }
}

fn allow(folder: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            allow(&entry.path())?;
        }
    }
    Ok(())
}

/// Copies a tree of files, folders and links, with modes and times. A file system that shares blocks shares them.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let metadata = from.symlink_metadata().map_err(Error::io("reading", from))?;
    if metadata.is_symlink() {
        let target = std::fs::read_link(from).map_err(Error::io("reading", from))?;
        std::os::unix::fs::symlink(target, to).map_err(Error::io("writing", to))?;
        return set_time(to, modified(&metadata));
    }
    if metadata.is_dir() {
        std::fs::create_dir(to).map_err(Error::io("writing", to))?;
        for entry in std::fs::read_dir(from).map_err(Error::io("reading", from))? {
            let entry = entry.map_err(Error::io("reading", from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        std::fs::set_permissions(to, metadata.permissions()).map_err(Error::io("writing", to))?;
        return set_time(to, modified(&metadata));
    }
    std::fs::copy(from, to).map_err(Error::io("writing", to))?;
    // A file without the right to write keeps its time no worse than one that has it.
    let file = std::fs::File::open(to).map_err(Error::io("writing", to))?;
    let time = metadata.modified().map_err(Error::io("reading", from))?;
    file.set_times(FileTimes::new().set_modified(time).set_accessed(time)).map_err(Error::io("writing", to))
}

fn modified(metadata: &std::fs::Metadata) -> i64 {
    std::os::unix::fs::MetadataExt::mtime(metadata)
}

/// Sets the time of what lies at `path`, a link itself if it is one, in seconds since 1970.
pub(crate) fn set_time(path: &Path, seconds: i64) -> Result<()> {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(Error::io("writing", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_and_both_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir_all(from.join("a")).unwrap();
        std::fs::write(from.join("a/f"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", from.join("a/l")).unwrap();
        set_time(&from.join("a/l"), 7).unwrap();
        for (path, mode) in [("a/f", 0o444), ("a", 0o555)] {
            set_time(&from.join(path), 5).unwrap();
            std::fs::set_permissions(from.join(path), Permissions::from_mode(mode)).unwrap();
        }
        copy(&from, &to).unwrap();
        for path in ["a", "a/f", "a/l"] {
            let facts = |root: &Path| {
                let metadata = root.join(path).symlink_metadata().unwrap();
                (metadata.permissions().mode(), modified(&metadata))
            };
            assert_eq!(facts(&from), facts(&to), "{path}");
        }
        std::fs::set_permissions(to.join("a"), Permissions::from_mode(0o0)).unwrap();
        for path in [from, to] {
            remove(&path).unwrap();
            remove(&path).unwrap();
            assert!(!path.exists());
        }
    }
}
