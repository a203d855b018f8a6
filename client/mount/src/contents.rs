use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nix_seed_frames::{Error, Frames, Number};
use nix_seed_image::index::{Entry, Node, SeedPath};
use nix_seed_image::seed::Seed;
use rustix::fs::{Mode, OFlags};

/// So many frames of one read are said to be wanted, at most: they are fetched as many come with one request.
const EXPECTED: usize = 64;

/// Store paths that are valid in a store of this machine, by position in the seed's index, and where they lie.
pub type Local = HashMap<u32, PathBuf>;

/// What is in the files of a seed.
pub struct Contents {
    pub(crate) seed: Arc<Seed>,
    frames: Arc<Frames>,
    local: Local,
    /// What is likely to be touched first, in that order.
    likely: Vec<Number>,
}

impl Contents {
    /// What `frames` hold of `seed`; what is in `local` is read from there. Files in the frames in `likely` lie first and in that
    /// order, where the kernel reads ahead.
    pub fn new(seed: Arc<Seed>, frames: Arc<Frames>, local: Local, likely: Vec<Number>) -> Self {
        Self { seed, frames, local, likely }
    }

    /// The frames behind it.
    pub fn frames(&self) -> &Arc<Frames> {
        &self.frames
    }

    /// The path and the entry at these positions.
    pub(crate) fn entry(&self, path: u32, entry: u32) -> Option<(&SeedPath, &Entry)> {
        let path = self.seed.index.paths.get(path as usize)?;
        Some((path, path.entries.get(entry as usize)?))
    }

    /// For each of these files, by path and entry, a number by which they are to lie: what is likely to be touched first in the order of
    /// that, and then all as their layers have them, so that what lies side by side comes with one request.
    pub(crate) fn rank(&self, files: impl Iterator<Item = (u32, u32)>) -> Vec<(usize, u32, u64)> {
        let ranks: HashMap<Number, usize> = self.likely.iter().copied().zip(0..).collect();
        let places = self.frames.places();
        let rank_of = |number: Number| ranks.get(&number).copied();
        let of_path = |path: &SeedPath| {
            let is_likely = places.of_path(path).any(|number| rank_of(Number(number)).is_some());
            (is_likely, places.start(path))
        };
        let paths: Vec<_> = self.seed.index.paths.iter().map(of_path).collect();
        let rank = |(position, entry)| {
            let file = self.entry(position, entry).zip(paths.get(position as usize));
            let Some(((path, Entry { node: Node::File { size, offset, .. }, .. }), (is_likely, start))) = file else {
                return (usize::MAX, 0, 0);
            };
            let likely = || places.of_file(path, *offset, *size).filter_map(rank_of).min();
            let rank = is_likely.then(likely).flatten().unwrap_or(usize::MAX);
            (rank, path.layer, start + offset)
        };
        files.map(rank).collect()
    }

    /// Says that these parts of files will be read next: path, entry, where in the file, and how many bytes.
    pub(crate) fn expect(&self, parts: impl Iterator<Item = (u32, u32, u64, u64)>) {
        let places = self.frames.places();
        let parts = parts.filter(|(path, ..)| !self.local.contains_key(path));
        let frames = parts.filter_map(|(path, entry, from, length)| match self.entry(path, entry)? {
            (path, Entry { node: Node::File { size, offset, .. }, .. }) if from < *size => {
                Some(places.of_file(path, offset + from, length.min(size - from)))
            }
            _ => None,
        });
        // A frame may be a byte long.
        let mut numbers: Vec<_> = frames.flatten().take(EXPECTED).collect();
        numbers.dedup();
        if numbers.len() > 1 {
            self.frames.expect(numbers);
        }
    }

    /// Fills `buffer` with what a file holds from `from` on; zeros stand behind its end. Whoever asked at this moment waits no
    /// longer than the frames' deadline.
    pub(crate) fn read(
        &self,
        path: u32,
        entry: u32,
        from: u64,
        buffer: &mut [u8],
        asked: Instant,
    ) -> Result<(), Error> {
        let file = self.entry(path, entry);
        let Some((seed_path, Node::File { size, offset, .. })) = file.map(|(path, entry)| (path, &entry.node)) else {
            buffer.fill(0);
            return Ok(());
        };
        let held = usize::try_from(size.saturating_sub(from)).unwrap_or(usize::MAX).min(buffer.len());
        let (buffer, rest) = buffer.split_at_mut(held);
        rest.fill(0);
        if buffer.is_empty() || self.read_local(path, entry, *size, from, buffer) {
            return Ok(());
        }
        let start = self.frames.places().start(seed_path);
        self.frames.read(seed_path.layer, start + offset + from, buffer, asked)
    }

    /// Reads from the machine's own store; whether that went well. What is gone from there, or is not what it was, is
    /// fetched.
    fn read_local(&self, path: u32, entry: u32, size: u64, from: u64, buffer: &mut [u8]) -> bool {
        let Some(root) = self.local.get(&path) else { return false };
        let mut read = || -> Option<()> {
            let file = self.open_local(path, entry, root)?;
            let metadata = file.metadata().ok()?;
            if !metadata.is_file() || metadata.len() != size {
                return None;
            }
            file.read_exact_at(buffer, from).ok()
        };
        read().is_some()
    }

    fn open_local(&self, path: u32, mut entry: u32, root: &Path) -> Option<File> {
        let mut names = Vec::new();
        while entry > 0 {
            let (_, found) = self.entry(path, entry)?;
            names.push(OsStr::from_bytes(&found.name));
            entry = found.parent;
        }
        let mut full = root.to_owned();
        full.extend(names.into_iter().rev());
        // A pipe would be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(full, flags, Mode::empty()).ok().map(File::from)
    }
}

#[cfg(test)]
mod tests;
