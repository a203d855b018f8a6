//! Trees to make images of.

use std::collections::BTreeMap;

use nix_seed_checks::property::random::Random;
use nix_seed_erofs::{Entry, Node};

/// A path in the extraction has to stay below 4096 bytes.
const DEPTH: usize = 10;

/// What an item is.
pub(super) enum Kind {
    Directory(u16),
    File(u16, u64),
    Symlink(Vec<u8>),
}

/// A file, or a folder with what is in it.
struct Item {
    kind: Kind,
    depth: usize,
    children: BTreeMap<Vec<u8>, usize>,
}

/// All files; the first is the root.
pub(super) struct Tree(Vec<Item>);

impl Tree {
    pub(super) fn new() -> Self {
        Self(vec![Item { kind: Kind::Directory(0o755), depth: 0, children: BTreeMap::new() }])
    }

    /// Adds an item, unless there is one of that name; gives which it is.
    pub(super) fn add(&mut self, folder: usize, name: impl Into<Vec<u8>>, kind: Kind) -> usize {
        let new = self.0.len();
        let depth = self.0[folder].depth + 1;
        let item = *self.0[folder].children.entry(name.into()).or_insert(new);
        if item == new {
            self.0.push(Item { kind, depth, children: BTreeMap::new() });
        }
        item
    }

    /// Up to 60 items, some in the newest folder and some in any, and once in a while hundreds of files beside them.
    pub(super) fn generate(random: &mut Random) -> Self {
        let mut tree = Self::new();
        tree.0[0].kind = Kind::Directory(mode(random));
        for _ in 0..random.within(0, 60) {
            let is_open = |item: &Item| matches!(item.kind, Kind::Directory(_)) && item.depth < DEPTH;
            let folders: Vec<_> = (0..tree.0.len()).filter(|item| is_open(&tree.0[*item])).collect();
            let folder = if random.chance(50) { folders[folders.len() - 1] } else { *random.pick(&folders).unwrap() };
            let (name, kind) = (name(random), kind(random));
            tree.add(folder, name, kind);
            if random.chance(5) {
                let length = random.within(1, 250);
                for number in 0..random.within(1, 500) {
                    tree.add(folder, format!("+{number:0>length$}"), Kind::File(0o444, number as u64));
                }
            }
        }
        tree
    }

    /// Its entries in pre-order.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        let mut rest = vec![(0, &b""[..], 0)];
        while let Some((parent, name, item)) = rest.pop() {
            let own = u32::try_from(entries.len()).unwrap();
            let node = match &self.0[item].kind {
                Kind::Directory(mode) => Node::Directory { mode: *mode },
                Kind::File(mode, size) => Node::File { mode: *mode, size: *size },
                Kind::Symlink(target) => Node::Symlink { target },
            };
            entries.push(Entry { parent, name, node });
            rest.extend(self.0[item].children.iter().rev().map(|(name, child)| (own, &**name, *child)));
        }
        entries
    }
}

/// Any permissions: root reads all the same.
fn mode(random: &mut Random) -> u16 {
    u16::try_from(random.below(0o10000)).unwrap()
}

fn kind(random: &mut Random) -> Kind {
    match random.below(10) {
        0..3 => Kind::Directory(mode(random)),
        3..5 => {
            let length = match random.below(3) {
                0 => random.within(4000, 4095),
                _ => random.within(1, 100),
            };
            Kind::Symlink(bytes(random, length))
        }
        5..8 => Kind::File(mode(random), *random.pick(&[0, 1, 4095, 4096, 4097, 8192]).unwrap()),
        _ => Kind::File(mode(random), random.below(100_000) as u64),
    }
}

/// Names that sort around `.` and `..`, that share a beginning, or of any bytes and length.
fn name(random: &mut Random) -> Vec<u8> {
    let mut name = match random.below(6) {
        0..3 => {
            let near = b"\x01\n!+-.0a\x7f\x80\xff";
            (0..random.within(1, 4)).map(|_| *random.pick(near).unwrap()).collect()
        }
        3..5 => format!("{:0>length$}", random.below(300), length = random.within(1, 255)).into_bytes(),
        _ => {
            let length = random.within(1, 255);
            bytes(random, length)
        }
    };
    name.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'_');
    if matches!(&*name, b"." | b"..") {
        name.push(b'-');
    }
    name
}

fn bytes(random: &mut Random, length: usize) -> Vec<u8> {
    (0..length).map(|_| u8::try_from(random.within(1, 255)).unwrap()).collect()
}
