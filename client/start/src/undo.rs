use std::collections::BTreeSet;
use std::fs::{DirEntry, File};
use std::io::ErrorKind;
use std::path::Path;

use nix_seed_store::StorePath;
use serde::Serialize;

use crate::daemon::Daemon;
use crate::journal::Journal;
use crate::locks::PathLock;
use crate::state::State;
use crate::store::{Made, Store, clear};
use crate::tree::remove;
use crate::{Error, Result};

/// What a `down` has done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Undone {
    /// The seed's digest.
    pub digest: String,
    /// How many store paths were removed.
    pub removed: usize,
    /// The store paths that were brought by the seed and stay, since something else needs them now.
    pub kept: Vec<String>,
    /// Whether `/nix` was removed with them.
    pub removed_store: bool,
}

/// The digests of the seeds that are up below `root`.
pub fn seeds_up(root: &Path) -> Result<Vec<String>> {
    Ok(Journal::all(&State::in_store(root))?.into_iter().map(|journal| journal.digest).collect())
}

/// Undoes what [`up`](crate::up) did for the seed with this digest, or for the only one that is up: its store paths go,
/// but those that other valid paths, other seeds or running builds need; `/nix` goes where it was made for the seed and
/// nothing else is in it.
///
/// A seed that is mounted goes with all that was built over it; where anything was, only if that is wanted (`discard`).
pub fn down(root: &Path, digest: Option<&str>, discard: bool) -> Result<Undone> {
    #[cfg(target_os = "linux")]
    if crate::mounted::is_mounted(root)
        && let Some(undone) = crate::mounted::down(root, digest, discard)?
    {
        return Ok(undone);
    }
    // What was unpacked is removed path by path, and nothing else with it.
    let _ = discard;
    if let Some(daemon) = Daemon::find(root)? {
        return crate::daemon::down(root, digest, daemon);
    }
    let state = State::in_store(root);
    let journals = Journal::all(&state)?;
    if journals.is_empty() && finish(root)? {
        let digest = digest.unwrap_or_default().to_owned();
        return Ok(Undone { digest, removed: 0, kept: Vec::new(), removed_store: true });
    }
    // Before the store is opened, which would make one. What is chosen now is meant, whatever comes meanwhile.
    let digest = choose(&journals, root, digest)?.digest.clone();

    let mut store = Store::open(root)?;
    store.exclude_others()?;
    // Another run may have brought or taken a seed while this one waited.
    let journals = Journal::all(&state)?;
    let journal = match choose(&journals, root, Some(&digest)) {
        Ok(journal) => journal,
        Err(error) => {
            drop(store);
            finish(root)?;
            return Err(error);
        }
    };
    let others: Vec<_> = journals.iter().filter(|other| other.digest != journal.digest).collect();
    for file in &journal.files {
        remove(&root.join(file))?;
    }
    let brought: BTreeSet<_> = journal.store_paths(&state)?.into_iter().collect();
    let unneeded = unneeded(&mut store, root, &brought)?;
    for path in &brought {
        store.staging().discard(path)?;
        PathLock::clear(&store.folder(), path);
    }
    let is_there = |path: &&StorePath| store.folder().join(path.base_name()).symlink_metadata().is_ok();
    let removed = unneeded.iter().filter(is_there).count();
    let kept: Vec<_> = brought.difference(&unneeded).filter(is_there).collect();
    store.delete(&unneeded)?;
    if let Some(heir) = others.first() {
        heir.inherit(kept.iter().copied(), &[], &state)?;
    }
    let kept: Vec<_> = kept.into_iter().map(ToString::to_string).collect();
    let made = Made::read(root)?.filter(|_| others.is_empty());
    let removed_store = match made {
        Some(made) if is_empty(&mut store)? => made.unmake(root).map(|()| true)?,
        _ => journal.remove(&state).map(|()| false)?,
    };
    #[cfg(target_os = "macos")]
    if removed_store && root == Path::new("/") {
        drop(store);
        crate::macos::unmake()?;
    }
    Ok(Undone { digest: journal.digest.clone(), removed, kept, removed_store })
}

/// The record of the seed with this digest, or of the only one that is up.
pub(crate) fn choose<'a>(journals: &'a [Journal], root: &Path, digest: Option<&str>) -> Result<&'a Journal> {
    let chosen = match digest {
        Some(digest) => journals.iter().find(|journal| journal.digest == digest),
        None if journals.len() == 1 => journals.first(),
        None => None,
    };
    chosen.ok_or_else(|| {
        let all: Vec<_> = journals.iter().map(|journal| &*journal.digest).collect();
        let hint =
            if all.is_empty() { String::new() } else { format!(" by that name; name one of {}", all.join(", ")) };
        Error::NotUp { root: root.into(), hint }
    })
}

/// Completes a `down` that was interrupted while it took `/nix` away; whether there was anything to do.
fn finish(root: &Path) -> Result<bool> {
    let is_left = clear(root)?;
    let Some(made) = Made::read(root)? else {
        #[cfg(target_os = "macos")]
        if root == Path::new("/") && Journal::all(&State::in_store(root))?.is_empty() {
            return Ok(crate::macos::unmake()? || is_left);
        }
        return Ok(is_left);
    };
    let mut store = Store::open(root)?;
    // Another run may have brought a seed meanwhile.
    if !Journal::all(&State::in_store(root))?.is_empty() || !is_empty(&mut store)? {
        return Ok(is_left);
    }
    made.unmake(root).map(|()| true)
}

/// Whether nothing in the store is valid.
fn is_empty(store: &mut Store) -> Result<bool> {
    Ok(match store.database() {
        Some(database) => database.valid_paths()?.is_empty(),
        None => true,
    })
}

/// Which of the paths nobody else needs: also what lies there and is not valid, as an interrupted run leaves it.
fn unneeded(store: &mut Store, root: &Path, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
    let mut used = in_use(root)?;
    rooted(&root.join("nix/var/nix/gcroots"), &mut used)?;
    rooted(&root.join("nix/var/nix/profiles"), &mut used)?;
    match store.database() {
        Some(database) => {
            let valid = database.valid_paths()?;
            let (valid, invalid): (BTreeSet<_>, BTreeSet<_>) =
                paths.iter().cloned().partition(|path| valid.contains(path));
            let mut unneeded = database.unneeded(&valid, &used)?;
            unneeded.extend(invalid.difference(&used).cloned());
            Ok(unneeded)
        }
        None => Ok(paths.clone()),
    }
}

/// What running programs of Nix use: the files in `temproots` whose lock is held (Nix, `gc.cc`).
fn in_use(root: &Path) -> Result<BTreeSet<StorePath>> {
    let mut used = BTreeSet::new();
    for entry in entries(&root.join("nix/var/nix/temproots"))? {
        let path = entry.path();
        let is_held = File::open(&path).is_ok_and(|file| file.try_lock().is_err());
        if is_held {
            let bytes = std::fs::read(&path).map_err(Error::io("reading", &path))?;
            used.extend(
                bytes
                    .split(|byte| *byte == 0)
                    .filter_map(|path| StorePath::parse(std::str::from_utf8(path).ok()?).ok()),
            );
        }
    }
    Ok(used)
}

/// What lies in a folder, if it is there and may be read: then a garbage collector of this user sees no more.
fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    match std::fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied) =>
        {
            Ok(Vec::new())
        }
        entries => entries.map_err(Error::io("reading", folder)),
    }
}

/// The store paths that links below `folder` lead to, directly or through one more link, and those that files are named by.
pub(crate) fn rooted(folder: &Path, used: &mut BTreeSet<StorePath>) -> Result<()> {
    for entry in entries(folder)? {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            rooted(&path, used)?;
            continue;
        }
        if kind.is_file() {
            used.extend(entry.file_name().to_str().and_then(|name| StorePath::from_base_name(name).ok()));
            continue;
        }
        let mut target = std::fs::read_link(&path);
        for _ in 0..2 {
            let Ok(at) = &target else { break };
            let base = at.strip_prefix("/nix/store").ok().and_then(|rest| rest.components().next());
            let base = base.and_then(|base| base.as_os_str().to_str());
            if let Some(path) = base.and_then(|base| StorePath::from_base_name(base).ok()) {
                used.insert(path);
                break;
            }
            target = std::fs::read_link(at);
        }
    }
    Ok(())
}
