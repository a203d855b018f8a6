use std::iter;

use crate::tree::Tree;
use crate::{BLOCK, Entry};

/// What precedes a name: where its inode is, where the name is in the block, what it is the name of.
const DIRENT: usize = 12;

/// What a name leads to.
pub(crate) struct Link {
    /// Where its inode is.
    pub(crate) nid: u64,
    /// 1 for a file, 2 for a folder, 7 for a link.
    pub(crate) kind: u8,
}

/// The names in a folder, `.` and `..` among them, by their bytes, with the position of what each leads to.
///
/// In each block, first come all its dirents and then all its names. A kernel looks for a name by bisection, first
/// among the blocks' first names and then in a block; so `.` is not the first name where there is one like `-`.
pub(crate) struct Listing<'a>(Vec<(&'a [u8], usize)>);

impl<'a> Listing<'a> {
    /// The names in a folder.
    pub(crate) fn new(entries: &[Entry<'a>], tree: &Tree, folder: usize) -> Self {
        let children = tree.children(folder);
        let before = |name: &[u8]| children.partition_point(|child| entries[*child].name < name);
        let (own, parent) = (before(b"."), before(b".."));
        let named = |child: &usize| (entries[*child].name, *child);
        let mut names = Vec::with_capacity(children.len() + 2);
        names.extend(children[..own].iter().map(named));
        names.push((b".".as_slice(), folder));
        names.extend(children[own..parent].iter().map(named));
        names.push((b"..".as_slice(), entries[folder].parent as usize));
        names.extend(children[parent..].iter().map(named));
        Self(names)
    }

    /// As many names in each block as fit.
    fn blocks(&self) -> impl Iterator<Item = &[(&'a [u8], usize)]> {
        let mut rest = self.0.as_slice();
        iter::from_fn(move || {
            let mut length = 0;
            let fit = rest.iter().take_while(|(name, _)| {
                length += DIRENT + name.len();
                length <= BLOCK as usize
            });
            let (block, others) = rest.split_at(fit.count());
            rest = others;
            (!block.is_empty()).then_some(block)
        })
    }

    /// The length of the contents: the last block is as long as it is.
    pub(crate) fn size(&self) -> u64 {
        let length = |block: &[(&[u8], usize)]| block.iter().map(|(name, _)| (DIRENT + name.len()) as u64).sum::<u64>();
        self.blocks().fold(0, |size: u64, block| size.next_multiple_of(BLOCK) + length(block))
    }

    /// The contents.
    pub(crate) fn encode(&self, link: impl Fn(usize) -> Link) -> Vec<u8> {
        let mut content = Vec::new();
        for block in self.blocks() {
            crate::pad(&mut content);
            let mut offset = DIRENT * block.len();
            for (name, leads_to) in block {
                let Link { nid, kind } = link(*leads_to);
                content.extend_from_slice(&nid.to_le_bytes());
                // At most 4095: a block is no longer.
                content.extend_from_slice(&(offset as u16).to_le_bytes());
                content.extend_from_slice(&[kind, 0]);
                offset += name.len();
            }
            block.iter().for_each(|(name, _)| content.extend_from_slice(name));
        }
        content
    }
}
