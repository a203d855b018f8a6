//! Where a mounted seed has what is its own: `/var/lib/nix-seed`, and in the folder of another root `.nix-seed`.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix_seed_mount::Above;
use serde::{Deserialize, Serialize};

use crate::journal::short;
use crate::locks::{Lock, is_same, lock};
use crate::tree::remove;
use crate::{Error, Result};

/// What the table of mounts calls our overlay.
const NAME: &str = "nix-seed";

/// Which seed is mounted below a root, and where what belongs to it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Record {
    version: u32,
    /// The seed's digest.
    pub(crate) digest: String,
    /// Where it came from, for people.
    pub(crate) location: String,
    /// The name of its folder, beside this file.
    folder: String,
    /// Whether `/nix` was made to be mounted on.
    pub(crate) made: bool,
}

/// The folder of mounts below a root.
#[derive(Debug, Clone)]
pub(crate) struct Mounts {
    root: PathBuf,
    folder: PathBuf,
}

/// What belongs to one mount: a folder that looks like a root, whose `nix` is what is written over the seed.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
}

impl Record {
    pub(crate) fn new(digest: String, location: String, made: bool) -> Self {
        let folder = format!("{}-{}", short(&digest), std::process::id());
        Self { version: 1, digest, location, folder, made }
    }
}

impl Mounts {
    pub(crate) fn of(root: &Path) -> Self {
        let name = if root == Path::new("/") { "var/lib/nix-seed" } else { ".nix-seed" };
        Self { root: root.into(), folder: root.join(name) }
    }

    /// Where the seed is seen.
    pub(crate) fn nix(&self) -> PathBuf {
        self.root.join("nix")
    }

    /// Keeps others out. It makes the folder.
    pub(crate) fn lock(&self) -> Result<Lock> {
        let path = self.folder.join("lock");
        loop {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&self.folder);
            made.map_err(Error::io("creating", &self.folder))?;
            match lock(&path, None, false, "another nix-seed") {
                // Whoever was waited for may have removed it.
                Ok(held) if held.is_in(&path) => return Ok(held),
                Err(Error::Io { source, .. }) if source.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("locking", path)(source));
                }
                Err(error) if !matches!(error, Error::Io { .. }) => return Err(error),
                _ => {}
            }
        }
    }

    /// Keeps others out, unless somebody else does, or there is nothing to keep out of.
    pub(crate) fn try_lock(&self) -> Result<Option<File>> {
        let path = self.folder.join("lock");
        let file = match OpenOptions::new().write(true).open(&path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            file => file.map_err(Error::io("opening", &path))?,
        };
        Ok((file.try_lock().is_ok() && is_same(&file, &path)).then_some(file))
    }

    pub(crate) fn read(&self) -> Result<Option<Record>> {
        let path = self.record();
        let malformed = |why: String| Error::Journal { path: path.clone(), why };
        let bytes = match std::fs::read(&path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            bytes => bytes.map_err(Error::io("reading", &path))?,
        };
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let is_name = Path::new(&record.folder).file_name().is_some_and(|name| name == OsStr::new(&record.folder));
        if record.version != 1 || !is_name {
            return Err(malformed("its version is not 1, or it names a folder elsewhere".into()));
        }
        Ok(Some(record))
    }

    pub(crate) fn write(&self, record: &Record) -> Result<()> {
        let path = self.record();
        let aside = path.with_extension("partial");
        let json = serde_json::to_vec_pretty(record).map_err(std::io::Error::from);
        let write = |json| {
            std::fs::write(&aside, json)?;
            File::open(&aside)?.sync_all()?;
            std::fs::rename(&aside, &path)
        };
        json.and_then(write).map_err(Error::io("writing", &path))
    }

    /// Forgets the record, which comes last of what `down` does in order.
    pub(crate) fn forget(&self) -> Result<()> {
        remove(&self.record())
    }

    pub(crate) fn place(&self, record: &Record) -> Place {
        Place { folder: self.folder.join(&record.folder) }
    }

    /// Removes the folder when nothing is in it but the lock, which the caller holds.
    pub(crate) fn clear(&self) -> Result<()> {
        let entries = std::fs::read_dir(&self.folder).map_err(Error::io("reading", &self.folder))?;
        if entries.flatten().all(|entry| entry.file_name() == "lock") {
            remove(&self.folder.join("lock"))?;
            // Another run may have begun.
            let _ = std::fs::remove_dir(&self.folder);
        }
        Ok(())
    }

    /// Whether there is a folder, be it that of a run that was killed.
    pub(crate) fn exist(&self) -> bool {
        self.folder.is_dir()
    }

    /// Where no record is left, removes what killed runs have left, and nobody serves. The caller holds the lock.
    pub(crate) fn sweep(&self) -> Result<()> {
        let entries = std::fs::read_dir(&self.folder).map_err(Error::io("reading", &self.folder))?;
        for entry in entries.flatten().filter(|entry| entry.file_name() != "lock") {
            let place = Place { folder: entry.path() };
            if !place.exists() || place.serve()?.is_some() {
                place.remove()?;
            }
        }
        self.clear()
    }

    /// Removes the `/nix` that was made to be mounted on; whether it did. Whatever is in it now is somebody else's, and stays.
    pub(crate) fn remove_nix(&self, record: &Record) -> bool {
        record.made && std::fs::remove_dir(self.nix()).is_ok()
    }

    /// Why nothing can be mounted at `/nix`, as far as that is seen from what is there.
    pub(crate) fn check_nix(&self) -> Result<(), String> {
        let nix = self.nix();
        match std::fs::read_dir(&nix).map(|mut entries| entries.next().is_none()) {
            Ok(false) => Err(format!("{} is there already", nix.display())),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", nix.display())),
            _ => Ok(()),
        }
    }

    /// Whether our overlay is what is seen at `/nix`.
    pub(crate) fn is_mounted(&self) -> Result<bool> {
        let path = "/proc/self/mountinfo";
        let table = std::fs::read(path).map_err(Error::io("reading", path))?;
        let nix = std::fs::canonicalize(self.nix()).unwrap_or_else(|_| self.nix());
        let mut top = None;
        for line in table.split(|byte| *byte == b'\n') {
            let mut fields = line.split(|byte| *byte == b' ');
            // proc_pid_mountinfo(5): the fifth field is the mount point; what follows "-" are type and source.
            let Some(point) = fields.nth(4) else { continue };
            if unescape(point) != nix.as_os_str().as_bytes() {
                continue;
            }
            let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
            top = Some((rest.next() == Some(b"overlay"), rest.next() == Some(NAME.as_bytes())));
        }
        Ok(top == Some((true, true)))
    }

    fn record(&self) -> PathBuf {
        self.folder.join("mount.json")
    }
}

impl Place {
    /// Makes the folders of a new store, all for `owner`.
    pub(crate) fn make(&self, owner: (u32, u32)) -> Result<()> {
        for name in ["", "nix", "nix/store", "nix/var", "nix/var/nix-seed", "work"] {
            let path = self.folder.join(name);
            let made = std::fs::DirBuilder::new().mode(0o755).create(&path).and_then(|()| {
                // The umask may have taken rights away that Nix needs.
                std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
                std::os::unix::fs::chown(&path, Some(owner.0), Some(owner.1))
            });
            match made {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(Error::io("creating", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What goes over the seed.
    pub(crate) fn above(&self, owner: (u32, u32)) -> Above<'_> {
        Above { folder: &self.folder, upper: "nix", name: NAME, owner }
    }

    /// What an overlay that has ended needed for itself: another one begins anew.
    pub(crate) fn renew_work(&self) -> Result<()> {
        let work = self.folder.join("work");
        remove(&work)?;
        std::fs::create_dir(&work).map_err(Error::io("creating", work))
    }

    /// Where frames are held.
    pub(crate) fn frames(&self) -> PathBuf {
        self.folder.join("frames")
    }

    /// What the process that serves has to say.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The lock of whoever serves; none while somebody does.
    pub(crate) fn serve(&self) -> Result<Option<File>> {
        let path = self.folder.join("serving");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = match file {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::io("opening", &path))?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(Error::io("locking", path)(error)),
        }
    }

    pub(crate) fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    pub(crate) fn remove(&self) -> Result<()> {
        remove(&self.folder)
    }
}

/// A field of the table of mounts: white space and backslashes stand there in octal.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = field;
    while let Some((first, later)) = rest.split_first() {
        let digits = later.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = later.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = later;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mount_points_are_read() {
        assert_eq!(unescape(br"/a\040b\134c"), br"/a b\c");
        assert_eq!(unescape(br"/a\04"), br"/a\04");
    }

    #[test]
    fn attack_a_record_that_names_a_folder_elsewhere_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let mounts = Mounts::of(root.path());
        let lock = mounts.lock().unwrap();
        for folder in ["../..", "/", ".", "", "a/b"] {
            let record = Record { folder: folder.into(), ..Record::new("sha256:0".into(), "x".into(), true) };
            mounts.write(&record).unwrap();
            assert!(matches!(mounts.read(), Err(Error::Journal { .. })), "{folder}");
        }
        let record = Record::new("sha256:0".into(), "x".into(), true);
        mounts.write(&record).unwrap();
        assert_eq!(mounts.read().unwrap(), Some(record));
        mounts.forget().unwrap();
        mounts.clear().unwrap();
        drop(lock);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
