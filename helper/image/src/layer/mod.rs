//! A group's layers: what one derivation of `mkSeed`'s `layers` writes.
//!
//! A store path is `read` once, which gives its NAR hash and its `part` of the tar, in chunks. All threads of the
//! `pipeline` compress chunks, as the `schedule` says; in the order of the row they are `assemble`d to layers, which
//! end where the [`partition`](crate::partition) is likely to end them. When all sizes are known, the partition says
//! which layers there are: `relayout` writes again those that were guessed wrong.

mod assemble;
mod part;
mod pipeline;
mod read;
mod relayout;
mod schedule;
mod writer;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use nix_seed_store::{Closure, PathInfo};

use self::assemble::{Assembler, Packed, USUAL_RATIO};
use self::pipeline::Work;
use self::relayout::Relayout;
use self::writer::Edges;
use crate::index::{Index, Layer, SeedPath, TEXT_MAX};
use crate::metadata::METADATA_MAX;
use crate::output::{create_dir, write};
use crate::partition::{BOUNDS, Bounds, Cutter, PathSize, row_order, split_within};
use crate::{Error, FRAME, Result, threads};

/// The name of a group's index in its folder, beside `blobs`.
pub const GROUP_INDEX: &str = "index";

/// The memory for chunks and frames that wait, in bytes.
const MEMORY: u64 = 16 << 20;
/// What each thread adds to it: a chunk that it works on, and the frame, which may be as long.
const MEMORY_PER_THREAD: u64 = 2 << 20;

/// Where store paths come from, and how they are laid down.
pub struct Group<'a> {
    /// The group's name, for people: "toolchain".
    pub name: &'a str,
    /// The most layers that it may have.
    pub max_layers: usize,
    /// The folder that `/nix/store` is below; `/` but in tests.
    pub root: &'a Path,
    /// How many threads work.
    pub threads: usize,
}

/// What tests have smaller.
struct Limits {
    bounds: Bounds,
    /// The scale of the bounds that is guessed.
    scale: u32,
    chunk: usize,
    memory: u64,
}

impl<'a> Group<'a> {
    /// A group of this machine's store, with as many threads as there are cores.
    pub fn new(name: &'a str, max_layers: usize) -> Self {
        Self { name, max_layers, root: Path::new("/"), threads: threads() }
    }

    /// Writes the layers of `closure` into the folder `out`, which it creates: blobs below `blobs/sha256`, and
    /// [`GROUP_INDEX`].
    ///
    /// Needs room for the compressed closure; twice that where its size was guessed so wrongly that layers have to be
    /// written again. Memory does not grow with the closure but for its index.
    pub fn write(&self, closure: &Closure, out: &Path) -> Result<Index> {
        let scale = BOUNDS.likely_scale(closure.nar_size() / USUAL_RATIO, self.max_layers);
        let memory = MEMORY + MEMORY_PER_THREAD * self.threads as u64;
        let limits = Limits { bounds: BOUNDS, scale, chunk: FRAME, memory };
        self.write_within(&limits, closure, out).map(|(index, _)| index)
    }

    /// [`write`](Self::write) within limits; also how many layers were written again.
    fn write_within(&self, limits: &Limits, closure: &Closure, out: &Path) -> Result<(Index, usize)> {
        if self.name.is_empty() || self.name.len() > TEXT_MAX as usize {
            return Err(Error::GroupName { length: self.name.len() });
        }
        let folder = &out.join("blobs/sha256");
        create_dir(folder)?;
        let mut paths: Vec<_> = closure.iter().collect();
        paths.sort_by(|a, b| row_order(&a.path, &b.path));
        let edges = &Edges::new()?;
        let cutter = Cutter::new(limits.bounds.scaled(limits.scale));
        let mut assembler = Assembler::new(&paths, cutter, edges, folder);
        let Limits { chunk, memory, .. } = *limits;
        Work { paths: &paths, root: self.root, threads: self.threads, chunk, memory }.run(&mut assembler)?;
        let (layers, packed) = assembler.finish()?;

        let sizes = paths.iter().zip(&packed);
        let row: Vec<_> = sizes.map(|(info, packed)| PathSize { path: &info.path, size: packed.size }).collect();
        let rows = split_within(&row, self.max_layers, limits.bounds);
        let relayout = Relayout { layers, packed: &packed, edges, folder };
        let (layers, again) = relayout.publish(&rows, self.threads, out)?;
        let layers = layers.into_iter().map(|layer| Layer { group: self.name.into(), ..layer }).collect();
        let index = index(&paths, packed, rows, layers);
        write(&out.join(GROUP_INDEX), &index.encode_readable()?)?;
        Ok((index, again))
    }
}

/// The index of a group that [`Group::write`] wrote.
pub fn read_index(group: &Path) -> Result<Index> {
    let path = group.join(GROUP_INDEX);
    match path.metadata() {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("reading", path)(error)),
        // What else it might be has no end, or is waited for.
        Ok(metadata) if metadata.is_file() => {
            let mut bytes = Vec::new();
            let read = File::open(&path).and_then(|file| file.take(METADATA_MAX + 1).read_to_end(&mut bytes));
            read.map_err(Error::io("reading", &path))?;
            if bytes.len() as u64 > METADATA_MAX {
                return Err(Error::document(path.display().to_string(), "it is longer than 1 GiB"));
            }
            let index = Index::decode(&bytes)?;
            index.check_bytes(&bytes)?;
            Ok(index)
        }
        _ => Err(Error::NoGroup { path: group.into() }),
    }
}

fn index(paths: &[&PathInfo], packed: Vec<Packed>, rows: Vec<Range<usize>>, layers: Vec<Layer>) -> Index {
    let mut whole = paths.iter().zip(packed);
    let mut paths = Vec::with_capacity(paths.len());
    for (layer, row) in (0u32..).zip(rows) {
        // The first frame of every layer holds the parent folders.
        let mut start = 1;
        for (info, Packed { entries, frames, .. }) in whole.by_ref().take(row.len()) {
            let end = start + frames as u32;
            paths.push(SeedPath { info: (*info).clone(), layer, frames: start..end, entries });
            start = end;
        }
    }
    paths.sort_unstable_by(|a, b| a.info.path.cmp(&b.info.path));
    Index { layers, paths, ..Index::default() }
}

#[cfg(test)]
mod tests;
