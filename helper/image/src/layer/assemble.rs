//! Puts compressed chunks into layers, in the order of the row, before the partition is known.
//!
//! The row is cut as the [`partition`](crate::partition) cuts it at a scale that is likely to be the right one. Whether
//! a layer ends *after* a path is known when the path is; whether it ends *before* one, only when all of the path is
//! compressed, but it has to be written somewhere by then: a guess decides where. A guess that proves wrong costs time:
//! [`relayout`](super::relayout) writes the layers at both sides of it again.

use std::ops::Range;
use std::path::Path;

use nix_seed_store::PathInfo;

use super::schedule::Compressed;
use super::writer::{Edges, Writer, Written};
use crate::Result;
use crate::index::Entry;
use crate::partition::Cutter;

/// How many times smaller compression makes what is usual in a store: 2 to 5 times.
pub(crate) const USUAL_RATIO: u64 = 3;

/// A store path that lies in a layer.
pub(crate) struct Packed {
    /// Its entries, for the index.
    pub(crate) entries: Vec<Entry>,
    /// How many frames it has.
    pub(crate) frames: usize,
    /// The sum of their lengths in bytes.
    pub(crate) size: u64,
}

/// A layer that has been written, and which of the row's paths it holds.
pub(crate) struct Assembled {
    pub(crate) paths: Range<usize>,
    pub(crate) written: Written,
}

/// Writes layers, one after the other.
pub(crate) struct Assembler<'a> {
    paths: &'a [&'a PathInfo],
    folder: &'a Path,
    edges: &'a Edges,
    /// Knows the true cuts, whatever has been guessed.
    cutter: Cutter,
    /// The layer that is being written, and its first path.
    layer: Option<(usize, Writer)>,
    /// How many frames the path at hand has so far, and their length.
    frames: usize,
    size: u64,
    packed: Vec<Packed>,
    layers: Vec<Assembled>,
}

impl<'a> Assembler<'a> {
    /// Writes layers of `paths`, which are in the order of the row, into `folder`.
    pub(crate) fn new(paths: &'a [&'a PathInfo], cutter: Cutter, edges: &'a Edges, folder: &'a Path) -> Self {
        let packed = Vec::with_capacity(paths.len());
        Self { paths, folder, edges, cutter, layer: None, frames: 0, size: 0, packed, layers: Vec::new() }
    }

    /// Adds the next chunk; takes its entries.
    pub(crate) fn add(&mut self, next: &mut Compressed) -> Result<()> {
        let (path, at) = next.chunk.key;
        if at == 0 && self.cutter.overflows(self.likely_size(next)) {
            self.close(path)?;
        }
        let (_, layer) = match &mut self.layer {
            Some(layer) => layer,
            closed => {
                let file = self.folder.join(format!(".layer-{path}"));
                closed.insert((path, Writer::create(&file, &self.edges.begin)?))
            }
        };
        layer.add(&next.chunk.tar, &next.bytes, &next.frame)?;
        self.frames += 1;
        self.size += u64::from(next.frame.length);
        match &mut next.chunk.end {
            Some(entries) => self.end(path, std::mem::take(entries)),
            None => Ok(()),
        }
    }

    /// All layers and all paths.
    pub(crate) fn finish(mut self) -> Result<(Vec<Assembled>, Vec<Packed>)> {
        self.close(self.paths.len())?;
        Ok((self.layers, self.packed))
    }

    /// The compressed size of the path whose first chunk this is. The chunk itself says little of the rest: a path's
    /// first folders are often of another kind than most of it.
    fn likely_size(&self, first: &Compressed) -> u64 {
        let length = u64::from(first.frame.length);
        if first.chunk.end.is_some() {
            length
        } else {
            length.max(self.paths[first.chunk.key.0].nar_size / USUAL_RATIO)
        }
    }

    /// The path at hand ends.
    fn end(&mut self, path: usize, entries: Vec<Entry>) -> Result<()> {
        let (frames, size) = (std::mem::take(&mut self.frames), std::mem::take(&mut self.size));
        self.packed.push(Packed { entries, frames, size });
        if self.cutter.ends(&self.paths[path].path, size) { self.close(path + 1) } else { Ok(()) }
    }

    /// Finishes the open layer, if there is one; its paths end before `end`.
    fn close(&mut self, end: usize) -> Result<()> {
        if let Some((first, writer)) = self.layer.take() {
            let written = writer.finish(&self.edges.end)?;
            self.layers.push(Assembled { paths: first..end, written });
        }
        Ok(())
    }
}
