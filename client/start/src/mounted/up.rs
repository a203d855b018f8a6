//! Mounts a seed, and registers its paths.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix_seed_frames::{FrameCache, Frames, Options as FrameOptions};
use nix_seed_image::seed::Seed;
use nix_seed_mount::{Contents, Local, Serving, attach, overlay};
use nix_seed_source::Found;
use tracing::info_span;

use super::down::is_built_over;
use super::likely::{likely, stream};
use super::place::{Mounts, Place, Record};
use crate::daemon::Daemon;
use crate::store::{owner_of_new, unmount};
use crate::up::{register, threads};
use crate::{Error, Options, Progress, Result, Started};

/// What became of a seed that was to be mounted.
#[allow(clippy::large_enum_variant, reason = "there is one of them")]
pub enum Attempt {
    /// It is mounted.
    Mounted(Started, Served),
    /// It is already.
    There,
    /// It is not, for this reason; nothing has changed.
    Not(String),
}

/// A mount that this process serves.
pub struct Served {
    mounts: Mounts,
    place: Place,
    serving: Serving,
    lock: File,
}

impl Served {
    /// The file for what there is to tell from now on.
    pub fn log(&self) -> PathBuf {
        self.place.log()
    }

    /// Serves until nobody uses the mount any more, and removes what belongs to it if nobody else does.
    pub fn stay(self) -> Result<()> {
        self.serving.wait();
        drop(self.lock);
        // A `down` that waits for this removes it; where the record is still there, a coming one does.
        let Some(_mounts) = self.mounts.try_lock()? else { return Ok(()) };
        if self.mounts.read()?.is_none_or(|record| self.mounts.place(&record).folder != self.place.folder) {
            self.place.remove()?;
            self.mounts.clear()?;
        }
        Ok(())
    }
}

/// Why a seed cannot be mounted below `root`, as far as that is seen before anything is tried.
pub fn may_mount(root: &Path) -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root may mount".into());
    }
    let mounts = Mounts::of(root);
    // What is mounted there already is mended, or joined.
    if mounts.read().ok().flatten().is_some() {
        return Ok(());
    }
    if Daemon::answers(root) {
        return Err(format!("{} belongs to a Nix daemon", mounts.nix().display()));
    }
    mounts.check_nix()
}

/// Mounts the seed that was found, if that is possible here.
pub fn mount(found: &Found, seed: &Arc<Seed>, options: &Options, progress: &Progress) -> Result<Attempt> {
    if let Err(why) = may_mount(&options.root) {
        return Ok(Attempt::Not(why));
    }
    let frame_options = FrameOptions::of_user()?;
    let mounts = Mounts::of(&options.root);
    let _lock = match mounts.lock() {
        Ok(lock) => lock,
        Err(error) => return Ok(Attempt::Not(error.to_string())),
    };
    let digest = found.digest();
    let record = match dead(&mounts, &digest)? {
        Dead::No => {
            // Another run may have been faster.
            if let Err(why) = may_mount(&options.root) {
                return Ok(Attempt::Not(why));
            }
            let made = mounts.nix().symlink_metadata().is_err();
            let record = Record::new(digest, found.location.to_string(), made);
            mounts.write(&record)?;
            record
        }
        Dead::Served(other) if other == digest => return Ok(Attempt::There),
        Dead::Served(other) => return Ok(Attempt::Not(format!("{other} is mounted there"))),
        Dead::Same(record) => {
            // Where somebody has taken the mount away, there may be another store by now.
            if let Err(why) = mounts.check_nix() {
                return Ok(Attempt::Not(why));
            }
            record
        }
    };
    let place = mounts.place(&record);
    let is_new = !place.exists();
    let mounted = serve(found, seed, options, &frame_options, progress, &mounts, &place, &record);
    let failed = match mounted {
        Ok((started, serving, lock)) => return Ok(Attempt::Mounted(started, Served { mounts, place, serving, lock })),
        Err(failed) => failed,
    };
    if mounts.is_mounted()? {
        unmount(&mounts.nix())?;
    }
    // What was written over a mount that is to be mended stays.
    if is_new {
        place.remove()?;
        mounts.remove_nix(&record);
        mounts.forget()?;
        mounts.clear()?;
    }
    match failed {
        Failed::Refused(why) if is_new => Ok(Attempt::Not(why.to_string())),
        Failed::Refused(why) => Err(Error::Mount { why: why.to_string() }),
        Failed::Error(error) => Err(error),
    }
}

/// What an earlier mount has left.
enum Dead {
    /// Nothing.
    No,
    /// It is served; this is its digest.
    Served(String),
    /// It is the same seed's: what was built over it is there.
    Same(Record),
}

/// Looks for what an earlier mount has left, and clears it away, unless something was built over another seed.
fn dead(mounts: &Mounts, digest: &str) -> Result<Dead> {
    let Some(record) = mounts.read()? else { return Ok(Dead::No) };
    let place = mounts.place(&record);
    // Whoever serves has the lock.
    if place.exists() && place.serve()?.is_none() {
        return Ok(Dead::Served(record.digest));
    }
    let is_same = record.digest == digest;
    if !is_same && is_built_over(&place, &record)? {
        return Err(Error::DeadMount { digest: record.digest });
    }
    if mounts.is_mounted()? {
        unmount(&mounts.nix())?;
    }
    if is_same {
        return Ok(Dead::Same(record));
    }
    mounts.remove_nix(&record);
    place.remove()?;
    mounts.forget()?;
    Ok(Dead::No)
}

/// Why there is no mount.
enum Failed {
    /// The machine does not have what it takes, or does not permit it.
    Refused(nix_seed_mount::Error),
    Error(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<nix_seed_frames::Error> for Failed {
    fn from(error: nix_seed_frames::Error) -> Self {
        Self::Error(error.into())
    }
}

#[allow(clippy::too_many_arguments, reason = "it is called once")]
fn serve(
    found: &Found,
    seed: &Arc<Seed>,
    options: &Options,
    frame_options: &FrameOptions,
    progress: &Progress,
    mounts: &Mounts,
    place: &Place,
    record: &Record,
) -> Result<(Started, Serving, File), Failed> {
    let span = info_span!("mount", seed.paths = seed.index.paths.len() as i64).entered();
    let nix = mounts.nix();
    let owner = owner_of_new(&options.root, &nix).map_or((0, 0), |(user, group)| (user.as_raw(), group.as_raw()));
    place.make(owner)?;
    place.renew_work()?;
    let busy = || Error::io("locking", &place.folder)(std::io::ErrorKind::WouldBlock.into());
    let lock = place.serve()?.ok_or_else(busy)?;
    let cache = cache(place, options.complete)?;
    let frames = Arc::new(Frames::new(seed, &found.source, Some(cache), frame_options)?);
    let likely = likely(seed, frames.places());
    stream(&frames, &likely, |_| false);
    let contents = Arc::new(Contents::new(seed.clone(), frames.clone(), Local::new(), likely));
    if options.complete {
        complete(seed, &frames, progress)?;
    }
    // All of it is valid as soon as it is seen.
    let mut started = register(found, seed, &place.folder)?;
    let overlay = overlay(&contents, place.above(owner)).map_err(Failed::Refused)?;
    if record.made {
        let made = std::fs::create_dir(&nix).or_else(|error| if nix.is_dir() { Ok(()) } else { Err(error) });
        made.map_err(Error::io("creating", &nix))?;
    }
    attach(&overlay.mount, &nix).map_err(Failed::Refused)?;
    drop(overlay.mount);
    drop(span);
    started.fetched = frames.received();
    Ok((started, overlay.serving, lock))
}

/// Fetches and verifies all of a seed, before anything of it is used.
pub fn complete(seed: &Seed, frames: &Frames, progress: &Progress) -> Result<()> {
    let all: Vec<u32> = (0..).take(seed.index.paths.len()).collect();
    let bytes = seed.index.paths.iter().map(|path| seed.index.compressed_size(path)).sum();
    let _span = info_span!("complete", seed.bytes = bytes as i64).entered();
    progress.want(bytes, all.len() as u64);
    let done = |bytes| {
        progress.add_bytes(bytes);
        progress.add_path();
    };
    Ok(frames.complete(&seed.index, &all, threads(), &done)?)
}

/// What is fetched is kept for others; where there is no place for that, for this mount.
fn cache(place: &Place, is_held: bool) -> Result<FrameCache> {
    let own = || FrameCache::at(&place.frames(), u64::MAX);
    let shared = match FrameCache::of_user() {
        Err(nix_seed_frames::Error::NoCache) => return Ok(own()?),
        shared => shared?,
    };
    Ok(if is_held { shared.holding(&place.frames())? } else { shared })
}
