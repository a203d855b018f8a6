use std::collections::BTreeSet;
use std::path::Path;

use nix_seed_daemon::{Connection, Error as DaemonError};
use nix_seed_store::StorePath;

use super::socket::{Daemon, talk};
use super::spool::{RESULTS, SPOOL};
use crate::Result;
use crate::journal::Journal;
use crate::state::State;
use crate::tree::remove;
use crate::undo::{Undone, choose};

/// How often what is not needed is asked for again, since something came to need a part of it.
const ATTEMPTS: usize = 5;

/// Undoes what an `up` did in the store of a daemon: its roots go, and of what it brought all that nothing else needs.
pub(crate) fn down(root: &Path, digest: Option<&str>, mut daemon: Daemon) -> Result<Undone> {
    let state = State::beside_daemon(root)?;
    let _lock = state.lock()?;
    let journals = Journal::all(&state)?;
    let journal = choose(&journals, root, digest)?;
    for file in &journal.files {
        remove(&state.base().join(file))?;
    }
    let brought: BTreeSet<_> = journal.store_paths(&state)?.into_iter().collect();
    let removed = delete(&mut daemon.connection, &brought).map_err(talk(&daemon.socket))?;
    let valid = daemon.connection.valid_paths(&brought).map_err(talk(&daemon.socket))?;
    let half = valid.iter().filter(|path| journal.lost.iter().any(|name| name == path.base_name()));
    let half: Vec<_> = half.cloned().collect();
    match journals.iter().find(|other| other.digest != journal.digest) {
        Some(heir) => heir.inherit(valid.iter(), &half, &state)?,
        None => half.iter().for_each(|path| {
            tracing::warn!("{path} may be damaged by an up that was interrupted: nix-store --repair-path {path}");
        }),
    }
    let kept = valid.iter().map(ToString::to_string).collect();
    for folder in [SPOOL, RESULTS] {
        remove(&state.folder().join(folder))?;
    }
    journal.remove(&state)?;
    Ok(Undone { digest: journal.digest.clone(), removed: removed.len(), kept, removed_store: false })
}

/// Deletes those of `paths` that nothing needs; gives them.
fn delete(connection: &mut Connection, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>, DaemonError> {
    let before = connection.valid_paths(paths)?;
    for attempt in 1.. {
        let unneeded = unneeded(connection, paths)?;
        if unneeded.is_empty() {
            break;
        }
        match connection.delete(&unneeded) {
            // Somebody has begun to use one of them meanwhile.
            Err(DaemonError::Refused(_)) if attempt < ATTEMPTS => {}
            result => {
                result?;
                break;
            }
        }
    }
    let after = connection.valid_paths(paths)?;
    Ok(before.difference(&after).cloned().collect())
}

/// Those of `paths` that are garbage, and that no other garbage refers to: that is somebody else's to delete.
fn unneeded(connection: &mut Connection, paths: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>, DaemonError> {
    let mut unneeded = connection.dead(paths)?;
    // The garbage collector also names what lies in the store and is not valid.
    let mut open: Vec<_> = connection.valid_paths(&unneeded)?.into_iter().collect();
    unneeded = open.iter().cloned().collect();
    let mut referrers = std::collections::BTreeMap::new();
    while let Some(path) = open.pop() {
        if !unneeded.contains(&path) {
            continue;
        }
        if !referrers.contains_key(&path) {
            referrers.insert(path.clone(), connection.referrers(&path)?);
        }
        let is_needed = referrers[&path].iter().any(|referrer| *referrer != path && !unneeded.contains(referrer));
        if is_needed {
            unneeded.remove(&path);
            // What it refers to may be needed by it alone: all are asked again, from what is known.
            open.extend(unneeded.iter().cloned());
        }
    }
    Ok(unneeded)
}
