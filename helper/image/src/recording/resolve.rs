//! Which frames of a seed a recording means that may have been made with an earlier one.

use std::collections::{HashMap, HashSet};

use nix_seed_store::StorePath;

use super::{Recording, Touched};
use crate::index::{FrameRef, Index, SeedPath};

impl Recording {
    /// The frames of `index` that are meant, in the order of the recording, each once. What is not there any more is
    /// left out.
    ///
    /// Meant is the path of the same base name. Where it is gone, those took its place that have its name; else the one
    /// of the same package, or the one of these whose name ends alike behind the version. What the recording has by its
    /// base name takes nobody's place.
    pub fn resolve(&self, index: &Index) -> Vec<FrameRef> {
        let heirs = Heirs::new(self, index);
        let (mut order, mut known) = (Vec::new(), HashSet::new());
        for Touched { path, frames } in &self.touched {
            let same = index.position(path).and_then(|position| index.paths.get(position as usize));
            let meant = same.map_or_else(|| heirs.of(path), |path| vec![path]);
            for SeedPath { layer, frames: own, .. } in meant {
                for range in frames {
                    let at = |frame| own.start.saturating_add(frame).min(own.end);
                    let there = at(range.start)..at(range.end);
                    let there = there.map(|frame| FrameRef { layer: *layer, frame });
                    order.extend(there.filter(|frame| known.insert(*frame)));
                }
            }
        }
        order
    }
}

/// The paths of a seed that a recording does not have by their base names.
struct Heirs<'a> {
    by_name: HashMap<&'a str, Vec<&'a SeedPath>>,
    by_package: HashMap<&'a str, Vec<&'a SeedPath>>,
}

impl<'a> Heirs<'a> {
    fn new(recording: &Recording, index: &'a Index) -> Self {
        let recorded: HashSet<_> = recording.touched.iter().map(|touched| &touched.path).collect();
        let mut heirs = Self { by_name: HashMap::new(), by_package: HashMap::new() };
        for path in index.paths.iter().filter(|path| !recorded.contains(&path.info.path)) {
            heirs.by_name.entry(path.info.path.name()).or_default().push(path);
            heirs.by_package.entry(path.info.path.package()).or_default().push(path);
        }
        heirs
    }

    /// Those that took the place of `gone`.
    fn of(&self, gone: &StorePath) -> Vec<&'a SeedPath> {
        if let Some(named) = self.by_name.get(gone.name()) {
            return named.clone();
        }
        let mut meant = self.by_package.get(gone.package()).cloned().unwrap_or_default();
        if meant.len() > 1 {
            meant.retain(|path| ending(&path.info.path) == ending(gone));
        }
        if meant.len() > 1 { Vec::new() } else { meant }
    }
}

/// What follows the version in a name: `-bin` in `glibc-2.41-bin`.
fn ending(path: &StorePath) -> &str {
    let version = path.name().get(path.package().len() + 1..).unwrap_or_default();
    let begins = |pair: &[u8]| pair[0] == b'-' && pair[1].is_ascii_alphabetic();
    version.as_bytes().windows(2).position(begins).and_then(|at| version.get(at..)).unwrap_or_default()
}
