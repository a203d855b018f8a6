//! What a start is likely to touch first.

use std::collections::{HashMap, HashSet};

use nix_seed_frames::{Frames, Number};
use nix_seed_image::index::SeedPath;
use nix_seed_image::seed::Seed;

use crate::Environment;

/// Streams in what is not here: at once what a recorded start has touched, or where there is no recording the seed's Nix and
/// all that it refers to; the rest when there is time.
pub fn stream(seed: &Seed, frames: &Frames, is_here: impl Fn(Number) -> bool) {
    let places = frames.places();
    let mut first: Vec<_> = places.recorded(&seed.index).collect();
    if first.is_empty() {
        let nix = closure(&seed.index.paths, nix(seed));
        first = nix.into_iter().flat_map(|path| places.of_path(path)).map(Number).collect();
    }
    first.retain(|number| !is_here(*number));
    frames.stream(first);
    frames.stream_rest(places.all().filter(|number| !is_here(*number)).collect());
}

/// The store path whose Nix is found in the seed's search path.
fn nix(seed: &Seed) -> Option<&SeedPath> {
    let has_nix = |path: &&SeedPath| {
        let mut entries = path.entries.iter();
        let bin = entries.position(|entry| entry.parent == 0 && entry.name == b"bin");
        bin.is_some_and(|bin| path.entries.iter().any(|entry| entry.parent as usize == bin && entry.name == b"nix"))
    };
    let folders = Environment::search_path(seed);
    let of = |folder: &String| {
        seed.index.paths.iter().find(|path| *folder == format!("{}/bin", path.info.path)).filter(has_nix)
    };
    folders.iter().find_map(of)
}

/// A path and all that it refers to, nearest first.
fn closure<'a>(paths: &'a [SeedPath], root: Option<&'a SeedPath>) -> Vec<&'a SeedPath> {
    let by_path: HashMap<_, _> = paths.iter().map(|path| (&path.info.path, path)).collect();
    let mut found = Vec::from_iter(root);
    let mut known: HashSet<_> = found.iter().map(|path| &path.info.path).collect();
    let mut next = 0;
    while let Some(path) = found.get(next).copied() {
        let references = path.info.references.iter().filter_map(|path| by_path.get(path).copied());
        found.extend(references.filter(|reference| known.insert(&reference.info.path)));
        next += 1;
    }
    found
}
