//! Metadata of EROFS images, the kernel's read-only file system, whose files' contents are not written but placed.
//!
//! [`write`] makes of a list of files, folders and links the bytes that a kernel reads names, sizes and modes from, and
//! says at which byte of the device it will look for each file's contents. Who serves the device puts them there, when
//! they are asked for:
//!
//! ```text
//! | block 0: 1024 bytes, superblock, inodes … | folders and links too long for their inode | contents of files … |
//! |<------------------------------------ Image::metadata ------------------------------------>|                    |
//! |<---------------------------------------------- Image::size ---------------------------------------------------->|
//! ```
//!
//! It is as plain as the format can be: blocks of 4096 bytes, nothing compressed, one device, no extended attributes,
//! no feature that a kernel could lack since the first that has EROFS (5.4). The same entries give the same bytes.
//!
//! No function here reads or writes anything.

mod directory;
mod error;
mod inode;
mod layout;
mod superblock;
mod tree;

pub use error::{Error, Flaw, Result};

use directory::Listing;
use inode::Inode;
use layout::{Layout, Plan};
use tree::Tree;

/// The unit in which the device is addressed; each file's contents begin with one.
pub const BLOCK: u64 = 4096;

/// What all files have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The user and the group that own everything.
    pub owner: (u32, u32),
    /// When everything was changed last: seconds since 1970.
    pub time: u64,
    /// The file system's identity.
    pub uuid: [u8; 16],
    /// Its name, with zeros behind it.
    pub volume: [u8; 16],
}

/// A file, folder or link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The position of the folder that it is in; that of the root is 0, its own.
    pub parent: u32,
    /// Its name there; that of the root is empty.
    pub name: &'a [u8],
    /// What it is.
    pub node: Node<'a>,
}

/// What an entry is. A mode is permission bits: at most 0o7777.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node<'a> {
    /// A folder.
    Directory {
        /// Its permissions.
        mode: u16,
    },
    /// A regular file.
    File {
        /// Its permissions.
        mode: u16,
        /// The length of its contents.
        size: u64,
    },
    /// A symbolic link, which may be read by anyone.
    Symlink {
        /// Where it leads: 1 to 4095 bytes.
        target: &'a [u8],
    },
}

/// A file system, of which the metadata is here and the contents are wherever the caller has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The first bytes of the device: whole blocks.
    pub metadata: Vec<u8>,
    /// The length of the device, metadata and contents: whole blocks.
    pub size: u64,
    /// For each entry, the byte of the device where its contents begin, always that of a block behind the metadata; 0 for
    /// what has none: folders, links, files of length 0. What its last block has behind its end has to read as zeros.
    pub data: Vec<u64>,
}

/// Makes the metadata of these entries, and says where their contents have to be.
///
/// The first entry is the root. A folder comes before what it holds, and what it holds comes in the order of the bytes of
/// its names; pre-order is such an order. The contents of the files in `first` follow each other in that order, which decides what
/// a kernel reads ahead; behind them come those of all others, as their entries do. What is no file there makes no difference.
pub fn write(entries: &[Entry<'_>], options: &Options, first: &[u32]) -> Result<Image> {
    if i64::try_from(options.time).is_err() {
        return Err(Error::Time { time: options.time });
    }
    let tree = Tree::new(entries)?;
    let plan = Plan::new(entries, &tree, options, first)?;

    let mut metadata = superblock::encode(&plan, options, entries.len() as u64);
    let mut blocks = Vec::new();
    let mut data = Vec::with_capacity(entries.len());
    for (index, (entry, place)) in entries.iter().zip(&plan.places).enumerate() {
        // Nothing but the rest of a block that was too small for it is between an inode and the one before.
        metadata.resize(place.offset(), 0);
        Inode { place, node: &entry.node, links: tree.links(index, &entry.node), index }.encode(options, &mut metadata);
        let content = match &entry.node {
            Node::Directory { .. } => Listing::new(entries, &tree, index).encode(|of| plan.link(entries, of)),
            Node::Symlink { target } => target.to_vec(),
            Node::File { .. } => Vec::new(),
        };
        let (whole, tail) = match place.layout {
            Layout::Plain => (content.as_slice(), [].as_slice()),
            Layout::Inline => content.split_at(content.len() - content.len() % BLOCK as usize),
        };
        metadata.extend_from_slice(tail);
        blocks.extend_from_slice(whole);
        pad(&mut blocks);
        data.push(match entry.node {
            Node::File { size: 1.., .. } => u64::from(place.block) * BLOCK,
            _ => 0,
        });
    }
    pad(&mut metadata);
    metadata.append(&mut blocks);
    superblock::seal(&mut metadata);
    Ok(Image { metadata, size: u64::from(plan.blocks) * BLOCK, data })
}

/// Fills the last block with zeros.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
}
