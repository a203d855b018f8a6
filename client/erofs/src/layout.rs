use crate::directory::{Link, Listing};
use crate::tree::Tree;
use crate::{BLOCK, Entry, Error, Node, Options, Result, superblock};

/// Inodes are addressed in units of this.
const SLOT: u64 = 32;

/// Where the contents of an entry are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In blocks of their own.
    Plain,
    /// As many whole blocks as there are; the rest behind the inode, in the same block.
    Inline,
}

/// Where an entry is.
#[derive(Debug)]
pub(crate) struct Place {
    /// The number of its inode: its byte, in units of [`SLOT`].
    pub(crate) nid: u64,
    /// Whether its inode has 64 bytes, and not 32.
    pub(crate) is_extended: bool,
    pub(crate) layout: Layout,
    /// The length of its contents.
    pub(crate) size: u64,
    /// Where its blocks begin; 0 where it has none.
    pub(crate) block: u32,
}

/// Where everything is.
pub(crate) struct Plan {
    /// For each entry.
    pub(crate) places: Vec<Place>,
    /// How many the device has.
    pub(crate) blocks: u32,
}

impl Plan {
    pub(crate) fn new(entries: &[Entry<'_>], tree: &Tree, options: &Options, first: &[u32]) -> Result<Self> {
        let mut places = Vec::with_capacity(entries.len());
        let mut end = superblock::END;
        for (index, entry) in entries.iter().enumerate() {
            let size = match entry.node {
                Node::Directory { .. } => Listing::new(entries, tree, index).size(),
                Node::File { size, .. } => size,
                Node::Symlink { target } => target.len() as u64,
            };
            let is_small = size <= u32::MAX.into() && tree.links(index, &entry.node) <= u16::MAX.into();
            let is_extended = !is_small || options.owner.0.max(options.owner.1) > u16::MAX.into();
            let inode = if is_extended { 2 * SLOT } else { SLOT };
            let tail = size % BLOCK;
            let has_contents_here = !matches!(entry.node, Node::File { .. });
            let is_inline = has_contents_here && tail > 0 && inode + tail <= BLOCK;
            let (layout, length) = if is_inline { (Layout::Inline, inode + tail) } else { (Layout::Plain, inode) };
            // Neither an inode nor what is behind it may lie in two blocks.
            if end % BLOCK + length > BLOCK {
                end = end.next_multiple_of(BLOCK);
            }
            places.push(Place { nid: end / SLOT, is_extended, layout, size, block: 0 });
            end = (end + length).next_multiple_of(SLOT);
        }
        let metadata = end.div_ceil(BLOCK);
        let blocks = places.iter().map(Place::own_blocks).fold(metadata, u64::saturating_add);
        if blocks > u32::MAX.into() {
            return Err(Error::TooLarge { blocks });
        }
        let mut next = metadata;
        let is_file = |index: &usize| entries.get(*index).is_some_and(|entry| matches!(entry.node, Node::File { .. }));
        let all = 0..entries.len();
        let others = all.clone().filter(|index| !is_file(index));
        let first = first.iter().map(|index| *index as usize).filter(is_file);
        for index in others.chain(first).chain(all) {
            let Some(place) = places.get_mut(index).filter(|place| place.block == 0 && place.own_blocks() > 0) else {
                continue;
            };
            // Less than `blocks`.
            place.block = next as u32;
            next += place.own_blocks();
        }
        Ok(Self { places, blocks: blocks as u32 })
    }

    /// What a name of an entry says of it.
    pub(crate) fn link(&self, entries: &[Entry<'_>], index: usize) -> Link {
        let kind = match entries[index].node {
            Node::File { .. } => 1,
            Node::Directory { .. } => 2,
            Node::Symlink { .. } => 7,
        };
        Link { nid: self.places[index].nid, kind }
    }
}

impl Place {
    /// Where its inode begins in the metadata.
    pub(crate) fn offset(&self) -> usize {
        (self.nid * SLOT) as usize
    }

    /// How many blocks hold nothing but its contents.
    fn own_blocks(&self) -> u64 {
        match self.layout {
            Layout::Plain => self.size.div_ceil(BLOCK),
            Layout::Inline => self.size / BLOCK,
        }
    }
}
