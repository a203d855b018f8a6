//! Reads a store path once, for its NAR hash and for its part of the tar.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix_seed_store::{Event, NarHasher, PathInfo, StorePath, walk};

use super::part::{HandOver, TarPart};
use crate::index::Entry;
use crate::tar_stream::is_whiteout;
use crate::{Error, Result};

/// Reads the path that `info` describes, and hands over the chunks that `part` makes of it, but for the last one: that
/// is the result, with the entries, and means that the path is what Nix registered.
pub(crate) fn read(
    info: &PathInfo,
    root: &Path,
    mut part: TarPart,
    stop: &AtomicBool,
    hand_over: HandOver<'_>,
) -> Result<(Vec<u8>, Vec<Entry>)> {
    let mut nar = NarHasher::new();
    walk(&info.path.below(root), &mut |event| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        refuse_whiteout(&info.path, &event)?;
        nar.event(&event);
        part.event(&event, hand_over)
    })?;
    let (found, found_size) = nar.finish();
    if (found, found_size) != (info.nar_hash, info.nar_size) {
        let (expected, expected_size) = (info.nar_hash, info.nar_size);
        return Err(Error::NarHash { path: info.path.clone(), found, found_size, expected, expected_size });
    }
    Ok(part.finish())
}

/// No image can hold a file that every client takes for an order to delete another.
fn refuse_whiteout(path: &StorePath, event: &Event<'_>) -> Result<()> {
    match event {
        Event::Directory { name } | Event::File { name, .. } | Event::Symlink { name, .. } if is_whiteout(name) => {
            Err(Error::Whiteout { path: path.clone(), name: String::from_utf8_lossy(name).into() })
        }
        _ => Ok(()),
    }
}
