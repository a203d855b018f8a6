//! The index of a seed: which store path lies where, down to the byte.
//!
//! `doc/format.md`, "The index", gives the encoding. [`Index`] is what it means; [`encode`](Index::encode) and
//! [`decode`](Index::decode) go between the two, and `decode` believes nothing: whatever it returns has been checked
//! by the rules of the specification, so that nobody who holds an [`Index`] needs to check again.

mod check;
mod decode;
mod encode;
mod order;
mod reason;
mod restriction;
mod wire;

use std::ops::Range;

use nix_seed_store::{Closure, PathInfo, Sha256Hash, StorePath};

pub(crate) use wire::TEXT_MAX;

pub use order::FrameRef;
pub use reason::Reason;
pub use restriction::{Restriction, RestrictionKind};

use crate::{Error, Frame, Result};

/// Where the index lies in the image, relative to its root.
pub const INDEX_PATH: &str = "nix/var/nix-seed/index";

/// The layers of store paths, and what lies in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The layers in the order of the image, the metadata layer excepted.
    pub layers: Vec<Layer>,
    /// The store paths, sorted.
    pub paths: Vec<SeedPath>,
    /// Why paths must not be given to everyone, sorted.
    pub restrictions: Vec<Restriction>,
    /// Why paths are in the seed, as far as that is recorded: sorted by path, one for each.
    pub reasons: Vec<Reason>,
    /// The frames that a start touched, in the order in which it touched them, as far as that is recorded: each once,
    /// and each a store path's. A hint at what to fetch first, and no more.
    pub order: Vec<FrameRef>,
}

/// A layer of store paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The group that the layer belongs to: "toolchain".
    pub group: String,
    /// The SHA-256 of the blob: its digest in the manifest.
    pub digest: Sha256Hash,
    /// The length of the blob in bytes.
    pub size: u64,
    /// The SHA-256 of the tar: its `diff_id` in the image's configuration.
    pub diff_id: Sha256Hash,
    /// The length of the tar in bytes.
    pub tar_size: u64,
    /// The frames, one after the other the whole blob. The first holds the parent folders, the last the end of the
    /// archive; both belong to no store path.
    pub frames: Vec<Frame>,
}

/// A store path of the seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedPath {
    /// What Nix knows of it.
    pub info: PathInfo,
    /// Its layer, by position.
    pub layer: u32,
    /// Its frames within that layer, by position.
    pub frames: Range<u32>,
    /// Its files, folders and links: a folder before what it holds, names of a folder in byte order.
    pub entries: Vec<Entry>,
}

/// A file, a folder or a symbolic link of a store path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The folder that holds it, by position among the path's entries; the root has 0, its own position.
    pub parent: u32,
    /// Its name in that folder; empty for the root.
    pub name: Vec<u8>,
    /// What it is.
    pub node: Node,
}

/// What an [`Entry`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder, mode 0555.
    Directory,
    /// A regular file, mode 0444 or 0555.
    File {
        /// Whether the mode is 0555.
        executable: bool,
        /// Its length in bytes.
        size: u64,
        /// Where its contents begin in the path's own part of the tar: what its frames hold, one after the other.
        offset: u64,
    },
    /// A symbolic link.
    Symlink {
        /// What it points to.
        target: Vec<u8>,
    },
}

impl Index {
    /// The bytes of the index, of which it has been tried that a reader accepts them.
    pub(crate) fn encode_readable(&self) -> Result<Vec<u8>> {
        let bytes = self.encode();
        match Self::decode(&bytes) {
            Ok(_) => Ok(bytes),
            Err(Error::Index { why }) => Err(Error::Limit { why }),
            Err(error) => Err(error),
        }
    }

    /// What Nix knows of the seed's paths.
    pub fn closure(&self) -> Closure {
        self.paths.iter().map(|path| path.info.clone()).collect()
    }

    /// Where a path stands in [`paths`](Self::paths).
    pub fn position(&self, path: &StorePath) -> Option<u32> {
        self.paths.binary_search_by(|seed_path| seed_path.info.path.cmp(path)).ok().map(|position| position as u32)
    }

    /// The frames of a path, or none where the path does not fit the index.
    pub fn frames(&self, path: &SeedPath) -> &[Frame] {
        self.layers
            .get(path.layer as usize)
            .and_then(|layer| layer.frames.get(path.frames.start as usize..path.frames.end as usize))
            .unwrap_or_default()
    }

    /// The compressed length of a path in bytes.
    pub fn compressed_size(&self, path: &SeedPath) -> u64 {
        self.frames(path).iter().map(|frame| u64::from(frame.length)).sum()
    }
}
