//! What a start is likely to touch first.

use std::collections::{HashMap, HashSet};

use nix_seed_frames::{Frames, Number, Places};
use nix_seed_image::index::{Node, SeedPath};
use nix_seed_image::seed::Seed;

use crate::Environment;

/// Of so many frames that are wanted in turn it makes no difference which comes first: they arrive together.
const WINDOW: usize = 256;

/// Streams in what is not here: at once what a recorded start has touched, or where there is no recording the seed's Nix with
/// all libraries; the rest when there is time.
pub fn stream(seed: &Seed, frames: &Frames, is_here: impl Fn(Number) -> bool) {
    let places = frames.places();
    let mut first: Vec<_> = places.recorded(&seed.index).collect();
    if first.is_empty() {
        first = programs(seed, places);
    }
    first.retain(|number| !is_here(*number));
    // Neighbours come with one request.
    first.chunks_mut(WINDOW).for_each(<[_]>::sort_unstable);
    frames.stream(first);
    frames.stream_rest(places.all().filter(|number| !is_here(*number)).collect());
}

/// The frames of Nix' program and of all libraries that it refers to.
fn programs(seed: &Seed, places: &Places) -> Vec<Number> {
    let paths = closure(&seed.index.paths, nix(seed));
    let mut frames = Vec::new();
    for path in paths {
        for entry in &path.entries {
            let is_library = entry.name.windows(3).any(|part| part == b".so");
            if let Node::File { size, offset, .. } = entry.node
                && (is_library || entry.name == NIX)
            {
                frames.extend(places.of_file(path, offset, size));
            }
        }
    }
    frames.dedup();
    frames
}

const NIX: &[u8] = b"nix";

/// The store path whose Nix is found in the seed's search path.
fn nix(seed: &Seed) -> Option<&SeedPath> {
    let has_nix = |path: &&SeedPath| {
        let bin = path.entries.iter().position(|entry| entry.parent == 0 && entry.name == b"bin");
        bin.is_some_and(|bin| path.entries.iter().any(|entry| entry.parent as usize == bin && entry.name == NIX))
    };
    let folders = Environment::search_path(seed);
    let of = |folder: &String| {
        seed.index.paths.iter().find(|path| *folder == format!("{}/bin", path.info.path)).filter(has_nix)
    };
    folders.iter().find_map(of)
}

/// A path and all that it refers to.
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
