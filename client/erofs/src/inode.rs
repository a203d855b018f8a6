use crate::layout::{Layout, Place};
use crate::{Node, Options};

/// What a kernel's `stat` says of an entry, and where its contents are.
pub(crate) struct Inode<'a> {
    pub(crate) place: &'a Place,
    pub(crate) node: &'a Node<'a>,
    /// How many names it has.
    pub(crate) links: u32,
    /// Its position.
    pub(crate) index: usize,
}

impl Inode<'_> {
    /// Appends its 32 or 64 bytes. The short form has no time: it is the superblock's.
    pub(crate) fn encode(&self, options: &Options, out: &mut Vec<u8>) {
        let Place { is_extended, size, block, .. } = *self.place;
        let layout: u16 = match self.place.layout {
            Layout::Plain => 0,
            Layout::Inline => 2,
        };
        // The file type, as in `stat`.
        let mode: u16 = match *self.node {
            Node::Directory { mode } => 0o040_000 | mode,
            Node::File { mode, .. } => 0o100_000 | mode,
            Node::Symlink { .. } => 0o120_777,
        };
        // For programs whose inode numbers have 32 bits; mkfs.erofs counts from 1 too.
        let number = (self.index as u32).wrapping_add(1);
        let (user, group) = options.owner;

        out.extend_from_slice(&(layout << 1 | u16::from(is_extended)).to_le_bytes());
        // No extended attributes.
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&mode.to_le_bytes());
        // The short form is taken where all that it has 16 or 32 bits for has no more.
        if is_extended {
            out.extend_from_slice(&[0; 2]);
            out.extend_from_slice(&size.to_le_bytes());
        } else {
            out.extend_from_slice(&(self.links as u16).to_le_bytes());
            out.extend_from_slice(&(size as u32).to_le_bytes());
            out.extend_from_slice(&[0; 4]);
        }
        out.extend_from_slice(&block.to_le_bytes());
        out.extend_from_slice(&number.to_le_bytes());
        if is_extended {
            out.extend_from_slice(&user.to_le_bytes());
            out.extend_from_slice(&group.to_le_bytes());
            out.extend_from_slice(&options.time.to_le_bytes());
            // Nanoseconds.
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&self.links.to_le_bytes());
            out.extend_from_slice(&[0; 16]);
        } else {
            out.extend_from_slice(&(user as u16).to_le_bytes());
            out.extend_from_slice(&(group as u16).to_le_bytes());
            out.extend_from_slice(&[0; 4]);
        }
    }
}
