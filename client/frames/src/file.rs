//! One file of a cache. Other processes, of this machine or of containers that share the folder, read, write and remove the
//! same ones.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use nix_seed_image::Frame;
use rustix::fs::OFlags;

use crate::{Error, Result};

/// A file's time says when it was used last; it is not written at each use.
const FRESH: Duration = Duration::from_secs(3600);

/// Numbers the files that this process writes, in whichever folder.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// The bytes of a file that has the length of a frame.
pub(crate) fn read(path: &Path, frame: &Frame) -> Option<Vec<u8>> {
    let length = u64::from(frame.length);
    read_if(path, |found| found == length)
}

/// The bytes of a file of at most `max` bytes.
pub(crate) fn read_up_to(path: &Path, max: u64) -> Option<Vec<u8>> {
    read_if(path, |found| found <= max)
}

/// The bytes of a file whose length is `fine`.
fn read_if(path: &Path, fine: impl Fn(u64) -> bool) -> Option<Vec<u8>> {
    // Nothing else than a file has any business there; a pipe would be waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = file.metadata().ok().filter(|metadata| metadata.is_file() && fine(metadata.len()))?;
    let mut bytes = vec![0; usize::try_from(metadata.len()).ok()?];
    file.read_exact(&mut bytes).ok()?;
    let age = metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    if age.is_some_and(|age| age > FRESH) {
        // Whoever may read it, but not write to it, does not keep it alive.
        let _ = file.set_modified(SystemTime::now());
    }
    Some(bytes)
}

/// Whether there is a file that has the length of a frame.
pub(crate) fn is_like(path: &Path, frame: &Frame) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == u64::from(frame.length))
}

/// Writes aside, then in its place, which may be taken by the same.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let (aside, mut file) = create_aside(path)?;
        let written = file.write_all(bytes).and_then(|()| put(&aside, path));
        written.inspect_err(|_| {
            let _ = std::fs::remove_file(&aside);
        })
    };
    write().map_err(Error::io("writing", path))
}

/// A new file that nobody else writes: another container's process may have the same number.
fn create_aside(path: &Path) -> std::io::Result<(PathBuf, File)> {
    loop {
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{number}.partial", std::process::id()));
        match File::create_new(&aside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            file => return Ok((aside, file?)),
        }
    }
}

fn put(aside: &Path, path: &Path) -> std::io::Result<()> {
    let renamed = std::fs::rename(aside, path);
    // An empty folder is nobody's loss.
    if renamed.is_err() && path.is_dir() && std::fs::remove_dir(path).is_ok() {
        return std::fs::rename(aside, path);
    }
    renamed
}
