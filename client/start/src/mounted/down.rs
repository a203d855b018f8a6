//! Takes a mounted seed away, whatever has become of whoever serves it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use nix_seed_store::{LiveDatabase, StorePath, database_folder};

use super::place::{Mounts, Place, Record};
use crate::journal::Journal;
use crate::state::State;
use crate::store::unmount;
use crate::undo::rooted;
use crate::{Error, Result, Undone};

/// For how long whoever serves may take to see that nobody uses the mount.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often that is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether a seed is mounted below `root`, or was, or was to be, and has left something.
pub(crate) fn is_mounted(root: &Path) -> bool {
    Mounts::of(root).exist()
}

/// Undoes a mount; what was built over it is lost with it, so where that has roots, it has to be wanted (`discard`).
pub(crate) fn down(root: &Path, digest: Option<&str>, discard: bool) -> Result<Option<Undone>> {
    let mounts = Mounts::of(root);
    let _lock = mounts.lock()?;
    let Some(record) = mounts.read()? else {
        mounts.sweep()?;
        return Ok(None);
    };
    let place = mounts.place(&record);
    let Seeds { brought, others } = Seeds::of(&place, &record)?;
    if digest.is_some_and(|digest| digest != record.digest) {
        // One that was unpacked into the mount.
        return if digest.is_some_and(|digest| others.iter().any(|other| other == digest)) {
            Ok(None)
        } else {
            let all: Vec<_> = others.iter().map(String::as_str).chain([&*record.digest]).collect();
            Err(Error::NotUp { root: root.into(), hint: format!(" by that name; name one of {}", all.join(", ")) })
        };
    }
    // What nobody serves any more is no store in which another seed could go down.
    let is_dead = !place.exists() || place.serve()?.is_some();
    if !(others.is_empty() || is_dead && discard) {
        let digest = record.digest;
        return Err(if is_dead { Error::DeadMount { digest } } else { Error::OthersUp { digest, others } });
    }
    let results = results(&place, &brought)?;
    if !discard && !results.is_empty() {
        return Err(Error::Results { paths: results });
    }
    if mounts.is_mounted()? {
        unmount(&mounts.nix())?;
    }
    let removed_store = mounts.remove_nix(&record);
    mounts.forget()?;
    // Whoever serves removes the folder when nobody uses it any more, which may be later.
    if wait(&place)? {
        place.remove()?;
        mounts.clear()?;
    } else {
        tracing::warn!("programs still use {}: what belongs to it goes with the last of them", mounts.nix().display());
    }
    Ok(Some(Undone { digest: record.digest, removed: brought.len(), kept: Vec::new(), removed_store }))
}

/// What the records in a mount's own store say.
struct Seeds {
    /// The paths of the seed that is mounted.
    brought: BTreeSet<StorePath>,
    /// The digests of seeds that came up over it.
    others: Vec<String>,
}

impl Seeds {
    fn of(place: &Place, record: &Record) -> Result<Self> {
        let state = State::in_store(&place.folder);
        let (own, others): (Vec<_>, Vec<_>) =
            Journal::all(&state)?.into_iter().partition(|journal| journal.digest == record.digest);
        let brought = own.first().map(|journal| journal.store_paths(&state)).transpose()?.unwrap_or_default();
        let others = others.into_iter().map(|journal| journal.digest).collect();
        Ok(Self { brought: brought.into_iter().collect(), others })
    }
}

/// Whether anything was built over a mounted seed, or another seed came up there.
pub(super) fn is_built_over(place: &Place, record: &Record) -> Result<bool> {
    let Seeds { brought, others } = Seeds::of(place, record)?;
    Ok(!others.is_empty() || !results(place, &brought)?.is_empty())
}

/// What was built over the seed and somebody wants to keep, as Nix' garbage collector sees it: a link leads there.
fn results(place: &Place, brought: &BTreeSet<StorePath>) -> Result<Vec<StorePath>> {
    let folder = database_folder(&place.folder);
    if !folder.join("db.sqlite").exists() {
        return Ok(Vec::new());
    }
    let mut kept = BTreeSet::new();
    for roots in ["gcroots", "profiles"] {
        rooted(&place.folder.join("nix/var/nix").join(roots), &mut kept)?;
    }
    let valid = LiveDatabase::open(&folder)?.valid_paths()?;
    Ok(valid.intersection(&kept).filter(|path| !brought.contains(*path)).cloned().collect())
}

/// Waits for whoever serves to end; whether that is so.
fn wait(place: &Place) -> Result<bool> {
    let began = Instant::now();
    loop {
        if !place.exists() || place.serve()?.is_some() {
            return Ok(true);
        }
        if began.elapsed() > PATIENCE {
            return Ok(false);
        }
        std::thread::sleep(PAUSE);
    }
}
