//! What a start touched, as a document that a user keeps beside `flake.nix`.
//!
//! `doc/recording.md` specifies the document. [`Recording::of`] makes one of the frames of a seed, and
//! [`resolve`](Recording::resolve) says which frames of a seed one means: of the same seed just those, of a later one
//! those that took their places.

mod resolve;

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use nix_seed_store::StorePath;
use serde::Deserialize;

use crate::index::{FrameRef, Index, SeedPath};
use crate::{Error, Result};

/// The version of the document. A reader refuses any other.
const VERSION: u64 = 1;
/// The most bytes that a recording has.
pub const RECORDING_MAX: u64 = 4 << 20;
/// The most times that a recording says what was touched of a store path.
pub const TOUCHED_MAX: usize = 1 << 16;
/// The most frames that a recording names, each counted as often as it is named: as many as an index may have.
pub const FRAMES_MAX: u64 = 1 << 23;

/// What a start touched, in the order in which it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// One after the other; a path may stand there again with other frames.
    pub touched: Vec<Touched>,
}

/// What was touched of a store path, one frame after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The store path.
    pub path: StorePath,
    /// Its own frames, counted from 0: ranges of at least one.
    pub frames: Vec<Range<u32>>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
struct Document {
    touched: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    path: String,
    frames: Vec<(u32, u32)>,
}

impl Recording {
    /// What touched the frames in `order` of the seed that has `index`. Those of no store path are left out.
    pub fn of(index: &Index, order: &[FrameRef]) -> Self {
        let mut owners: Vec<_> = index.paths.iter().collect();
        owners.sort_unstable_by_key(|path| (path.layer, path.frames.start));
        let mut recording = Self::default();
        for FrameRef { layer, frame } in order {
            let after = owners.partition_point(|path| (path.layer, path.frames.start) <= (*layer, *frame));
            if let Some(SeedPath { info, layer: of, frames, .. }) = after.checked_sub(1).and_then(|at| owners.get(at))
                && of == layer
                && frames.contains(frame)
            {
                recording.touch(&info.path, frame - frames.start);
            }
        }
        recording
    }

    fn touch(&mut self, path: &StorePath, frame: u32) {
        match self.touched.last_mut().filter(|touched| touched.path == *path) {
            Some(Touched { frames, .. }) => match frames.last_mut() {
                Some(range) if range.end == frame => range.end += 1,
                _ => frames.push(frame..frame + 1),
            },
            None => {
                self.touched.push(Touched { path: path.clone(), frames: std::iter::once(frame..frame + 1).collect() })
            }
        }
    }

    /// Reads the file of a recording.
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(RECORDING_MAX + 1).read_to_end(&mut bytes));
        read.map_err(Error::io("reading", path))?;
        Self::parse(&bytes)
    }

    /// Reads the document. Fields that it does not know are ignored, a version that it does not know is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > RECORDING_MAX {
            return Err(wrong("it is longer than 4 MiB"));
        }
        // By itself, since another version may look otherwise.
        let Versioned { version } = serde_json::from_slice(bytes).map_err(wrong)?;
        if version != VERSION {
            return Err(wrong(format!("its version is {version}, this program reads version {VERSION}")));
        }
        let Document { touched } = serde_json::from_slice(bytes).map_err(wrong)?;
        if touched.len() > TOUCHED_MAX {
            return Err(wrong(format!("it has {} items, at most {TOUCHED_MAX} are allowed", touched.len())));
        }
        let ranges = touched.iter().flat_map(|item| &item.frames);
        let count = ranges.map(|(start, end)| u64::from(end.saturating_sub(*start))).fold(0, u64::saturating_add);
        if count > FRAMES_MAX {
            return Err(wrong(format!("it names {count} frames, at most {FRAMES_MAX} are allowed")));
        }
        let touched = touched.into_iter().map(Touched::try_from).collect::<Result<_>>()?;
        Ok(Self { touched })
    }

    /// The document: a line for each item, so that a version control shows what has changed. Equal recordings give
    /// equal bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = format!("{{\"version\":{VERSION},\"touched\":[");
        for (i, Touched { path, frames }) in self.touched.iter().enumerate() {
            let frames: Vec<_> = frames.iter().map(|range| format!("[{},{}]", range.start, range.end)).collect();
            text += if i == 0 { "\n" } else { ",\n" };
            // A base name has nothing that JSON would escape.
            text += &format!("{{\"path\":\"{}\",\"frames\":[{}]}}", path.base_name(), frames.join(","));
        }
        text += "\n]}\n";
        text.into_bytes()
    }
}

impl TryFrom<Item> for Touched {
    type Error = Error;

    fn try_from(Item { path, frames }: Item) -> Result<Self> {
        if let Some((start, end)) = frames.iter().find(|(start, end)| start >= end) {
            return Err(wrong(format!("the frames [{start},{end}] of {path:?} are none")));
        }
        let path = StorePath::from_base_name(&path).map_err(wrong)?;
        Ok(Self { path, frames: frames.into_iter().map(|(start, end)| start..end).collect() })
    }
}

fn wrong(why: impl ToString) -> Error {
    Error::Recording { why: why.to_string() }
}
