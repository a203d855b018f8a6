use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix_seed_image::{Compared, Frame};
use nix_seed_source::Keep;
use nix_seed_store::Sha256Hash;

use crate::{Error, Result, file, room};

/// Names the folder of what this user's commands keep.
pub const CACHE_VARIABLE: &str = "NIX_SEED_CACHE";

/// Names the most bytes of frames that are kept.
const LIMIT_VARIABLE: &str = "NIX_SEED_CACHE_LIMIT";

/// Where nothing is said, in bytes.
const LIMIT: u64 = 10 << 30;

/// Others than a folder's owner who may write to it.
const OTHERS_WRITE: u32 = 0o022;

/// Compressed frames in a folder, each under its SHA-256, for all processes of one user.
///
/// Nothing in it is believed: what is taken from it is compared with its hash, and removed where that is another one. It
/// grows to its limit; then what was not used for longest goes.
#[derive(Debug, Clone)]
pub struct FrameCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    limit: u64,
    /// Another folder, on the same file system if possible, that what is used is held in as well: no other process's limit
    /// takes it from there.
    hold: Option<PathBuf>,
    /// How many bytes may still be written before the folder's size is looked at again.
    left: AtomicU64,
    /// Whether it was told that nothing can be kept.
    is_told: AtomicBool,
}

impl FrameCache {
    /// This user's folder for such things: `$NIX_SEED_CACHE`, or `nix-seed` where programs keep them.
    pub fn folder_of_user() -> Result<PathBuf> {
        let variable = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let folder = variable(CACHE_VARIABLE)
            .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("nix-seed")))
            .or_else(|| Some(variable("HOME")?.join(".cache/nix-seed")))
            .ok_or(Error::NoCache)?;
        own(&folder)
    }

    /// Makes `folder`, which has to be this user's own, and nobody else's to write to.
    pub fn own_folder(folder: &Path) -> Result<PathBuf> {
        own(folder)
    }

    /// The cache of this user, within the limit that the environment sets.
    pub fn of_user() -> Result<Self> {
        let limit = std::env::var(LIMIT_VARIABLE).ok().filter(|text| !text.is_empty());
        let limit = limit.map_or(Ok(LIMIT), |text| room::size(&text).ok_or(Error::Limit { text }))?;
        Self::at(&Self::folder_of_user()?.join("frames"), limit)
    }

    /// The cache in `folder`, of at most `limit` bytes. Those who write to it at one time may exceed it together: each cache
    /// by an eighth of it, and by what its threads are writing.
    pub fn at(folder: &Path, limit: u64) -> Result<Self> {
        Ok(Self::new(own(folder)?, limit, None))
    }

    /// The same, but that what is used is held in `folder` as well, as links where that is possible: it stays there until
    /// the folder is removed, whatever becomes of the cache.
    pub fn holding(&self, folder: &Path) -> Result<Self> {
        Ok(Self::new(self.0.folder.clone(), self.0.limit, Some(own(folder)?)))
    }

    fn new(folder: PathBuf, limit: u64, hold: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { folder, limit, hold, left: AtomicU64::new(0), is_told: AtomicBool::new(false) }))
    }

    /// The folders in which something may be kept, the one that is asked first at first.
    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.hold.iter().chain([&self.0.folder])
    }

    /// Whether anything is kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.0.limit > 0 || self.0.hold.is_some()
    }

    /// What is kept for a frame. What turns out to be damaged is removed.
    pub(crate) fn get(&self, frame: &Frame) -> Option<Compared<Vec<u8>>> {
        let name = name(&frame.sha256);
        self.folders().find_map(|folder| {
            let path = folder.join(&name);
            let Ok(kept) = Compared::new(*frame, file::read(&path, frame)?) else {
                tracing::warn!("{} is damaged, and is fetched again", path.display());
                // Another process may have removed it.
                let _ = std::fs::remove_file(&path);
                return None;
            };
            if let Some(hold) = self.0.hold.as_ref().filter(|hold| *hold != folder) {
                self.keep(&path, &hold.join(&name), &kept);
            }
            Some(kept)
        })
    }

    /// Whether something is kept for a frame.
    pub(crate) fn has(&self, frame: &Frame) -> bool {
        self.folders().any(|folder| file::is_like(&folder.join(name(&frame.sha256)), frame))
    }

    /// Whether a frame is held, where that was asked for; if not, where it should be.
    pub(crate) fn check_held(&self, frame: &Frame) -> Result<(), PathBuf> {
        let Some(hold) = &self.0.hold else { return Ok(()) };
        let held = hold.join(name(&frame.sha256));
        if file::is_like(&held, frame) { Ok(()) } else { Err(held) }
    }

    /// Keeps a frame, if that is possible: what cannot be kept is fetched again. Whether others can be kept.
    pub(crate) fn put(&self, kept: &Compared<Vec<u8>>) -> bool {
        let name = name(&kept.frame().sha256);
        let path = self.0.folder.join(&name);
        let written = self.make_room(kept.bytes().len() as u64).and_then(|()| file::write(&path, kept.bytes()));
        if let Err(error) = &written
            && !self.0.is_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("what is fetched cannot be kept, and is fetched again when it is needed again: {error}");
        }
        match &self.0.hold {
            Some(hold) => self.keep(&path, &hold.join(&name), kept),
            // What stands in the way of one file does not concern others.
            None => written.is_ok() || path.is_dir(),
        }
    }

    /// Holds what is in the cache as well; whether that went well.
    fn keep(&self, path: &Path, held: &Path, kept: &Compared<Vec<u8>>) -> bool {
        let folder = held.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.is_ok()
            && match std::fs::hard_link(path, held) {
                Ok(()) => true,
                Err(error) if error.kind() == ErrorKind::AlreadyExists && file::is_like(held, kept.frame()) => true,
                // Another file system, or it is gone, or something else is there.
                Err(_) => file::write(held, kept.bytes()).is_ok(),
            }
    }

    /// Looks at the folder's size now and then, and removes what is too much.
    fn make_room(&self, bytes: u64) -> Result<()> {
        let taken = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        if taken.is_ok() {
            return Ok(());
        }
        let left = room::make(&self.0.folder, self.0.limit, bytes)?;
        self.0.left.store(left, Ordering::Relaxed);
        Ok(())
    }
}

/// The file of what has this hash, in one of 256 folders.
fn name(hash: &Sha256Hash) -> PathBuf {
    let hex = hash.hex();
    Path::new(hex.get(..2).unwrap_or_default()).join(&hex)
}

/// Makes a folder that is this user's own, and nobody else's to write to.
fn own(folder: &Path) -> Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io("creating", folder))?;
    let folder = folder.canonicalize().map_err(Error::io("reading", folder))?;
    let metadata = folder.metadata().map_err(Error::io("reading", &folder))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::Owner { path: folder, owner: metadata.uid() });
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(Error::Open { path: folder });
    }
    Ok(folder)
}

/// Documents are kept among the frames: both are named by their SHA-256.
impl Keep for FrameCache {
    fn get(&self, hash: &Sha256Hash, max: u64) -> Option<Vec<u8>> {
        file::read_up_to(&self.0.folder.join(name(hash)), max)
    }

    fn put(&self, hash: &Sha256Hash, bytes: &[u8]) {
        // What cannot be kept is asked for again.
        let _ = self.make_room(bytes.len() as u64).and_then(|()| file::write(&self.0.folder.join(name(hash)), bytes));
    }
}

#[cfg(test)]
mod tests;
