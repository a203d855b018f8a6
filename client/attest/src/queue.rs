use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The most bytes of a pending document: a bundle, indented.
const PENDING_MAX: u64 = 16 << 20;

/// What is signed and not logged yet: a folder, with a file for each.
#[derive(Debug, Clone)]
pub struct Queue {
    folder: PathBuf,
}

/// Something in a [`Queue`].
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its file.
    pub path: PathBuf,
    /// The document.
    pub bytes: Vec<u8>,
}

impl Queue {
    /// That of this user: `$XDG_STATE_HOME/nix-seed/pending`, `~/.local/state/nix-seed/pending`.
    pub fn of_user() -> Result<Self> {
        let absolute = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
        Ok(Self::at(state.ok_or(Error::NoHome)?.join("nix-seed/pending")))
    }

    /// The one in a folder, which is made when it is needed.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a document under the name of its content: beside its place first, then there, so that a file is whole.
    pub fn put(&self, bytes: &[u8]) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder).map_err(Error::io("making", &self.folder))?;
        let name = HEXLOWER.encode(&Sha256::digest(bytes)[..16]);
        let place = self.folder.join(format!("{name}.json"));
        let aside = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = fs::File::create(&aside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let placed = written.and_then(|()| fs::rename(&aside, &place));
        if placed.is_err() {
            let _ = fs::remove_file(&aside);
        }
        placed.map_err(Error::io("writing", &place))?;
        Ok(place)
    }

    /// All that is in it, in the order of their names.
    pub fn all(&self) -> Result<Vec<Pending>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("reading", &self.folder)(error)),
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    fn read(path: PathBuf) -> Result<Pending> {
        let length = fs::metadata(&path).map_err(Error::io("reading", &path))?.len();
        if length > PENDING_MAX {
            let why = format!("it has {length} bytes, and nothing that is pending has more than {PENDING_MAX}");
            return Err(Error::io("reading", &path)(std::io::Error::other(why)));
        }
        let bytes = fs::read(&path).map_err(Error::io("reading", &path))?;
        Ok(Pending { path, bytes })
    }

    /// Takes something out, which is done or changed.
    pub fn remove(&self, pending: &Pending) -> Result<()> {
        fs::remove_file(&pending.path).map_err(Error::io("removing", &pending.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_there_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::at(folder.path().join("a/b"));
        assert!(queue.all().unwrap().is_empty());
        let path = queue.put(b"one").unwrap();
        assert_eq!(queue.put(b"one").unwrap(), path);
        queue.put(b"two").unwrap();
        fs::write(queue.folder().join(".half.17"), b"o").unwrap();
        let all = queue.all().unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.iter().any(|pending| pending.bytes == b"one"));
        all.iter().try_for_each(|pending| queue.remove(pending)).unwrap();
        assert!(queue.all().unwrap().is_empty());
    }
}
