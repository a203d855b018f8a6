//! From the layers that were written as guessed to those that the partition asks for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::assemble::{Assembled, Packed};
use super::writer::{Edges, Writer, Written};
use crate::frame::Decoder;
use crate::index::Layer;
use crate::{Result, parallel};

/// What has been written.
pub(crate) struct Relayout<'a> {
    /// In the order of the row.
    pub(crate) layers: Vec<Assembled>,
    /// All paths, in the order of the row.
    pub(crate) packed: &'a [Packed],
    pub(crate) edges: &'a Edges,
    /// Where files are that have no final name.
    pub(crate) folder: &'a Path,
}

impl Relayout<'_> {
    /// Publishes a layer for each part of the row in `out`: the file that holds just that, or where there is none, one
    /// made from the frames of others. What is not published is removed. Gives also how many layers were made again.
    pub(crate) fn publish(self, rows: &[Range<usize>], threads: usize, out: &Path) -> Result<(Vec<Layer>, usize)> {
        let is_written = |row: &&Range<usize>| self.layers.iter().any(|layer| layer.paths == **row);
        let missing: Vec<_> = rows.iter().filter(|row| !is_written(row)).collect();
        let again = parallel::map(&missing, threads, |_, row| self.write(row))?;
        let count = again.len();
        let mut whole: BTreeMap<_, _> = missing.iter().map(|row| row.start).zip(again).collect();
        for Assembled { paths, written } in self.layers {
            if rows.contains(&paths) {
                whole.insert(paths.start, written);
            } else {
                written.remove()?;
            }
        }
        let layers = whole.into_values().map(|written| written.publish(out));
        Ok((layers.collect::<Result<_>>()?, count))
    }

    fn write(&self, row: &Range<usize>) -> Result<Written> {
        let mut decoder = Decoder::new()?;
        let path = self.folder.join(format!(".again-{}", row.start));
        let mut writer = Writer::create(&path, &self.edges.begin)?;
        for layer in &self.layers {
            let (start, end) = (row.start.max(layer.paths.start), row.end.min(layer.paths.end));
            if start < end {
                // The first frame of every layer holds the parent folders.
                let first = 1 + self.frames(layer.paths.start..start);
                layer.written.copy(first..first + self.frames(start..end), &mut writer, &mut decoder)?;
            }
        }
        writer.finish(&self.edges.end)
    }

    fn frames(&self, paths: Range<usize>) -> usize {
        self.packed.get(paths).unwrap_or_default().iter().map(|path| path.frames).sum()
    }
}
