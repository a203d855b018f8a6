use std::fs::{DirBuilder, File, Metadata};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use nix_seed_image::Frame;
use nix_seed_source::Keep;
use nix_seed_store::Sha256Hash;

use crate::{Error, Result, room};

/// Names the folder of what this user's commands keep.
pub const CACHE_VARIABLE: &str = "NIX_SEED_CACHE";

/// Names the most bytes of frames that are kept.
const LIMIT_VARIABLE: &str = "NIX_SEED_CACHE_LIMIT";

/// Where nothing is said, in bytes.
const LIMIT: u64 = 10 << 30;

/// Others than a folder's owner who may write to it.
const OTHERS_WRITE: u32 = 0o022;

/// A file's time says when it was used last; it is not written at each use.
const FRESH: Duration = Duration::from_secs(3600);

/// Compressed frames in a folder, each under its SHA-256, for all processes of one user.
///
/// Nothing in it is believed: whoever takes a frame compares it with its hash, and [removes](Self::remove) it where that
/// is another one. It grows to its limit; then what was not used for longest goes.
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
    /// Numbers files that are written.
    written: AtomicU64,
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

    /// The cache in `folder`, of at most `limit` bytes.
    pub fn at(folder: &Path, limit: u64) -> Result<Self> {
        let folder = own(folder)?;
        Ok(Self(Arc::new(Inner {
            folder,
            limit,
            hold: None,
            left: AtomicU64::new(0),
            written: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        })))
    }

    /// The same, but that what is used is held in `folder` as well, as links where that is possible: it stays there until
    /// the folder is removed, whatever becomes of the cache.
    pub fn holding(&self, folder: &Path) -> Result<Self> {
        let inner = &self.0;
        let hold = Some(own(folder)?);
        Ok(Self(Arc::new(Inner {
            folder: inner.folder.clone(),
            limit: inner.limit,
            hold,
            left: AtomicU64::new(0),
            written: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        })))
    }

    /// The bytes that are kept for a frame, of which only the length is compared.
    pub(crate) fn get(&self, frame: &Frame) -> Option<Vec<u8>> {
        let name = name(&frame.sha256);
        let held = self.0.hold.as_ref().map(|hold| hold.join(&name));
        if let Some(bytes) = held.as_ref().and_then(|held| read(held, frame)) {
            return Some(bytes);
        }
        let path = self.0.folder.join(&name);
        let bytes = read(&path, frame)?;
        if let Some(held) = held {
            self.keep(&path, &held, &bytes);
        }
        Some(bytes)
    }

    /// Whether something is kept for a frame.
    pub(crate) fn has(&self, frame: &Frame) -> bool {
        let folders = self.0.hold.iter().chain(self.0.hold.is_none().then_some(&self.0.folder));
        folders.into_iter().any(|folder| {
            folder.join(name(&frame.sha256)).metadata().is_ok_and(|metadata| metadata.len() == u64::from(frame.length))
        })
    }

    /// Keeps a frame, if that is possible: what cannot be kept is fetched again. Whether it is there now.
    pub(crate) fn put(&self, frame: &Frame, bytes: &[u8]) -> bool {
        let path = self.0.folder.join(name(&frame.sha256));
        let kept = self.make_room(bytes.len() as u64).and_then(|()| self.write(&path, bytes));
        if let Err(error) = &kept
            && !self.0.is_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("what is fetched cannot be kept, and is fetched again when it is needed again: {error}");
        }
        match &self.0.hold {
            Some(hold) => self.keep(&path, &hold.join(name(&frame.sha256)), bytes),
            None => kept.is_ok(),
        }
    }

    /// Removes what is kept for a frame: it was found to be damaged.
    pub(crate) fn remove(&self, frame: &Frame) {
        for folder in self.0.hold.iter().chain([&self.0.folder]) {
            // Another process may have removed it.
            let _ = std::fs::remove_file(folder.join(name(&frame.sha256)));
        }
    }

    /// Holds what is in the cache as well; whether that went well.
    fn keep(&self, path: &Path, held: &Path, bytes: &[u8]) -> bool {
        let folder = held.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.is_ok()
            && match std::fs::hard_link(path, held) {
                Ok(()) => true,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => true,
                // Another file system, or it is gone.
                Err(_) => self.write(held, bytes).is_ok(),
            }
    }

    /// Writes aside, then in its place, which may be taken by the same.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let number = self.0.written.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("{}-{number}.partial", std::process::id()));
        let write = || -> std::io::Result<()> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            File::create(&aside)?.write_all(bytes)?;
            std::fs::rename(&aside, path)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&aside);
            Error::io("writing", path)(error)
        })
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

fn read(path: &Path, frame: &Frame) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() != u64::from(frame.length) {
        return None;
    }
    let mut bytes = vec![0; frame.length as usize];
    file.read_exact(&mut bytes).ok()?;
    used(&file, &metadata);
    Some(bytes)
}

/// Notes that a file is used.
fn used(file: &File, metadata: &Metadata) {
    let age = metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    if age.is_some_and(|age| age > FRESH) {
        // Whoever may read it, but not write to it, does not keep it alive.
        let _ = file.set_modified(SystemTime::now());
    }
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
        let file = File::open(self.0.folder.join(name(hash))).ok()?;
        let metadata = file.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() <= max)?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        (&file).take(max).read_to_end(&mut bytes).ok()?;
        used(&file, &metadata);
        Some(bytes)
    }

    fn put(&self, hash: &Sha256Hash, bytes: &[u8]) {
        // What cannot be kept is asked for again.
        let _ = self.make_room(bytes.len() as u64).and_then(|()| self.write(&self.0.folder.join(name(hash)), bytes));
    }
}
