//! Trees to make images of.

use std::collections::BTreeMap;

use nix_seed_erofs::{Entry, Image, Node, write};

use crate::OPTIONS;
use crate::compare::assert_same;

/// What an entry is, with what it borrows.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Directory(u16),
    File(u16, u64),
    Symlink(Vec<u8>),
}

/// A file, or a folder with what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    kind: Kind,
    children: BTreeMap<Vec<u8>, usize>,
}

/// All files; the first is the root.
#[derive(Debug, Clone)]
pub(crate) struct Tree(Vec<Item>);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(vec![Item { kind: Kind::Directory(0o755), children: BTreeMap::new() }])
    }

    /// Adds an item, unless there is one of that name; gives which it is.
    pub(crate) fn add(&mut self, folder: usize, name: impl Into<Vec<u8>>, kind: Kind) -> usize {
        let new = self.0.len();
        let item = *self.0[folder].children.entry(name.into()).or_insert(new);
        if item == new {
            self.0.push(Item { kind, children: BTreeMap::new() });
        }
        item
    }

    /// The folders there are.
    pub(crate) fn folders(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|item| matches!(self.0[*item].kind, Kind::Directory(_))).collect()
    }

    /// Its entries in pre-order.
    pub(crate) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        let mut rest = vec![(0, &b""[..], 0)];
        while let Some((parent, name, item)) = rest.pop() {
            let own = u32::try_from(entries.len()).unwrap();
            let Item { kind, children } = &self.0[item];
            let node = match kind {
                Kind::Directory(mode) => Node::Directory { mode: *mode },
                Kind::File(mode, size) => Node::File { mode: *mode, size: *size },
                Kind::Symlink(target) => Node::Symlink { target },
            };
            entries.push(Entry { parent, name, node });
            rest.extend(children.iter().rev().map(|(name, child)| (own, &**name, *child)));
        }
        entries
    }

    /// Its image, after a look at whether it is one of it.
    pub(crate) fn image(&self) -> Image {
        let entries = self.entries();
        let image = write(&entries, &OPTIONS, &[]).unwrap();
        assert_same(&entries, &OPTIONS, &image);
        image
    }
}
