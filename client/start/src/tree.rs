//! Writes a store path, as Nix would: modes 0444, 0555 and 0555 for folders, time 1.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix_seed_store::Event;
use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, Timespec, Timestamps, Uid, fchmod, fchown, futimens, mkdirat, openat, symlinkat,
    utimensat,
};

use crate::{Error, Result};

/// One second after 1970: the time of all that lies in a Nix store.
const TIMES: Timestamps = Timestamps {
    last_access: Timespec { tv_sec: 1, tv_nsec: 0 },
    last_modification: Timespec { tv_sec: 1, tv_nsec: 0 },
};

/// Writes one tree below a folder that nobody else writes to. It follows no link: each name is made anew, within the
/// open folder that holds it.
pub(crate) struct TreeWriter {
    /// Where the root goes.
    target: PathBuf,
    owner: Option<(Uid, Gid)>,
    folders: Vec<OwnedFd>,
    file: Option<(File, bool)>,
}

impl TreeWriter {
    /// A writer of a tree whose root will be `target`, which must not exist.
    pub(crate) fn new(target: PathBuf, owner: Option<(Uid, Gid)>) -> Self {
        Self { target, owner, folders: Vec::new(), file: None }
    }

    /// Takes the next step of the tree.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> Result<()> {
        self.step(event).map_err(|error| Error::io("writing", &self.target)(error))
    }

    fn step(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match *event {
            Event::Directory { name } => {
                let name = self.name(name);
                mkdirat(self.folder(), &name, Mode::from_raw_mode(0o700))?;
                let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
                let folder = openat(self.folder(), &name, flags, Mode::empty())?;
                self.folders.push(folder);
            }
            Event::EndDirectory => {
                if let Some(folder) = self.folders.pop() {
                    finish(folder.as_fd(), 0o555, self.owner)?;
                }
            }
            Event::File { name, executable, .. } => {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::WRONLY;
                let file = openat(self.folder(), self.name(name), flags, Mode::from_raw_mode(0o600))?;
                self.file = Some((file.into(), executable));
            }
            Event::Data(data) => {
                if let Some((file, _)) = &mut self.file {
                    file.write_all(data)?;
                }
            }
            Event::EndFile => {
                if let Some((file, executable)) = self.file.take() {
                    finish(file.as_fd(), if executable { 0o555 } else { 0o444 }, self.owner)?;
                }
            }
            Event::Symlink { name, target } => {
                let name = self.name(name);
                symlinkat(OsStr::from_bytes(target), self.folder(), &name)?;
                if let Some((user, group)) = self.owner {
                    rustix::fs::chownat(self.folder(), &name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
                }
                utimensat(self.folder(), &name, &TIMES, AtFlags::SYMLINK_NOFOLLOW)?;
            }
        }
        Ok(())
    }

    fn folder(&self) -> BorrowedFd<'_> {
        self.folders.last().map_or(CWD, AsFd::as_fd)
    }

    /// What the root is called, or a name within the open folder.
    fn name(&self, name: &[u8]) -> PathBuf {
        if self.folders.is_empty() { self.target.clone() } else { OsStr::from_bytes(name).into() }
    }
}

fn finish(fd: BorrowedFd<'_>, mode: u32, owner: Option<(Uid, Gid)>) -> rustix::io::Result<()> {
    if let Some((user, group)) = owner {
        fchown(fd, Some(user), Some(group))?;
    }
    fchmod(fd, Mode::from_raw_mode(mode))?;
    futimens(fd, &TIMES)
}

/// Removes a tree that may have read-only folders, or a file; what is not there counts as removed.
pub(crate) fn remove(path: &std::path::Path) -> Result<()> {
    let metadata = match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(Error::io("reading", path))?,
    };
    if !metadata.is_dir() {
        return std::fs::remove_file(path).map_err(Error::io("removing", path));
    }
    if std::fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    make_writable(path)?;
    std::fs::remove_dir_all(path).map_err(Error::io("removing", path))
}

/// Whoever is not root removes files only from folders that it may write to.
fn make_writable(folder: &std::path::Path) -> Result<()> {
    rustix::fs::chmod(folder, Mode::from_raw_mode(0o700)).map_err(Error::errno("removing", folder))?;
    for entry in std::fs::read_dir(folder).map_err(Error::io("reading", folder))? {
        let entry = entry.map_err(Error::io("reading", folder))?;
        if entry.file_type().map_err(Error::io("reading", entry.path()))?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}
