//! Where NARs wait for their turn: files of this program's own, each whole.
//!
//! Paths arrive in the order in which they lie in layers, and are given in that of their references. A NAR a file is far
//! fewer files than its tree, most of which are gone before they ever reach a disk.

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::PathBuf;

use nix_seed_store::{Event, PathInfo, Sha256Hash, StorePath};
use sha2::{Digest, Sha256};

use super::nar::NarWriter;
use crate::tree::remove;
use crate::{Error, Result};

/// The folder of what an `up` brings: the next one goes on with it.
pub(super) const SPOOL: &str = "spool";

/// The folder of what `run` has built, which is here anyway.
pub(super) const RESULTS: &str = "results";

pub(super) struct Spool {
    folder: PathBuf,
}

/// A NAR that is being written.
pub(super) struct Writing {
    path: PathBuf,
    nar: NarWriter<BufWriter<File>>,
}

impl Writing {
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<()> {
        self.nar.event(event).map_err(Error::io("writing", &self.path))
    }
}

impl Spool {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether an earlier run left `info`'s NAR whole. What it left otherwise is removed.
    pub(super) fn resume(&self, info: &PathInfo) -> Result<bool> {
        let file = self.file(&info.path);
        if hash(&file).is_ok_and(|found| found == (info.nar_hash, info.nar_size)) {
            return Ok(true);
        }
        remove(&file)?;
        Ok(false)
    }

    pub(super) fn begin(&self, path: &StorePath) -> Result<Writing> {
        let path = self.folder.join(format!("{}.tmp", path.base_name()));
        let file = File::create(&path).map_err(Error::io("writing", &path))?;
        Ok(Writing { path, nar: NarWriter::new(BufWriter::with_capacity(256 << 10, file)) })
    }

    pub(super) fn finish(&self, path: &StorePath, writing: Writing) -> Result<()> {
        let file = self.file(path);
        let flushed = writing.nar.into_inner().into_inner().map_err(std::io::IntoInnerError::into_error);
        flushed.and_then(|_| std::fs::rename(&writing.path, &file)).map_err(Error::io("writing", file))
    }

    pub(super) fn open(&self, path: &StorePath) -> Result<File> {
        let file = self.file(path);
        File::open(&file).map_err(Error::io("reading", file))
    }

    pub(super) fn discard(&self, path: &StorePath) -> Result<()> {
        remove(&self.file(path))
    }

    /// Removes all, whole or not.
    pub(super) fn clear(&self) -> Result<()> {
        remove(&self.folder)
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    fn file(&self, path: &StorePath) -> PathBuf {
        self.folder.join(format!("{}.nar", path.base_name()))
    }
}

fn hash(file: &std::path::Path) -> std::io::Result<(Sha256Hash, u64)> {
    let (mut file, mut sha256, mut length) = (File::open(file)?, Sha256::new(), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((Sha256Hash(sha256.finalize().into()), length)),
            read => {
                sha256.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_nar_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().into());
        let path = StorePath::from_base_name(&format!("{}-p", "0".repeat(32))).unwrap();
        let mut writing = spool.begin(&path).unwrap();
        let events = [Event::File { name: b"", executable: false, size: 6 }, Event::Data(b"hello\n"), Event::EndFile];
        events.iter().for_each(|event| writing.event(event).unwrap());
        spool.finish(&path, writing).unwrap();
        let (nar_hash, nar_size) = hash(&spool.file(&path)).unwrap();
        let info = PathInfo { path: path.clone(), nar_hash, nar_size, references: vec![], ca: None };
        assert!(spool.resume(&info).unwrap());
        std::fs::write(spool.file(&path), "half").unwrap();
        assert!(!spool.resume(&info).unwrap());
        assert!(!spool.file(&path).exists());
    }
}
