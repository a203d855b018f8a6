//! A file system's metadata: the input is its entries, as they are or put into their order.

use std::collections::BTreeMap;

use nix_seed_erofs::{Entry, Node, Options, write};

use crate::input::Input;

#[path = "../../client/erofs/tests/it/compare.rs"]
mod compare;
#[path = "../../client/erofs/tests/it/reader.rs"]
mod reader;

/// How many files one record may stand for, and how many entries an input may have: more would take the reader long.
const MANY: usize = 300;
const ENTRIES: usize = 2_000;

/// A folder with each kind of entry, and one with many.
pub fn honest() -> Vec<u8> {
    let mut data = vec![1];
    data.extend([0, 0, 0, 0, 0, 0, 1]);
    for (kind, parent, name, rest) in [
        (FOLDER, 0_u16, &b"bin"[..], &[0, 0][..]),
        (FILE, 1, b"hello", &[1, 4]),
        (LINK, 1, b"hi", b"\x05\0hello"),
        (FOLDER, 0, b"many", &[0, 0]),
        (FILES, 2, b"-", &[40, 100, 0]),
        (FILE, 0, b"large", &[0, 33]),
    ] {
        data.extend([kind, name.len() as u8]);
        data.extend(parent.to_le_bytes());
        data.extend([name, rest].concat());
    }
    data
}

const FILE: u8 = 0;
const FOLDER: u8 = 1;
const LINK: u8 = 2;
const FILES: u8 = 3;

/// An entry, with what it borrows; of a folder, what it holds too.
struct Item<'a> {
    parent: usize,
    name: Vec<u8>,
    node: Node<'a>,
}

/// What is accepted is read back, by another reader, as what it was; what is made to be acceptable is accepted.
pub fn run(data: &[u8]) -> bool {
    let mut input = Input(data);
    let is_ordered = input.u8() & 1 == 1;
    let mut id = || u32::from(input.u16()) << (input.u8() % 17);
    let options = Options { owner: (id(), id()), time: input.u8().into(), uuid: [1; 16], volume: [2; 16] };
    let items = items(&mut input, is_ordered);
    let entries = if is_ordered { in_order(&items) } else { as_they_are(&items) };
    // Every other one, from the last on; folders and links among them.
    let first: Vec<_> = (0..entries.len() as u32).rev().step_by(2).collect();
    match write(&entries, &options, &first) {
        Ok(image) => {
            compare::assert_same(&entries, &options, &image);
            true
        }
        Err(nix_seed_erofs::Error::TooLarge { blocks }) => {
            assert!(blocks > u32::MAX.into());
            false
        }
        Err(why) => {
            assert!(!is_ordered, "{why}");
            false
        }
    }
}

/// The root, and the input's records. Where they are to be in order, each has a name and a folder that can be.
fn items<'a>(input: &mut Input<'a>, is_ordered: bool) -> Vec<Item<'a>> {
    let mut items = vec![Item { parent: 0, name: Vec::new(), node: Node::Directory { mode: 0o755 } }];
    let mut folders = vec![0];
    while !input.0.is_empty() && items.len() < ENTRIES {
        let (kind, length) = (input.u8(), input.u8());
        let mut parent = usize::from(input.u16());
        // 256 and more too, which are too many.
        let length = usize::from(length) + usize::from(kind >> 7);
        let mut name = input.bytes(length).to_vec();
        if is_ordered {
            parent = folders[parent % folders.len()];
            name.truncate(255);
            name.iter_mut().filter(|byte| matches!(byte, b'/' | 0)).for_each(|byte| *byte = b'_');
            if matches!(&*name, b"" | b"." | b"..") {
                name.push(b'_');
            }
        }
        let (node, many) = node(kind, input, is_ordered);
        let width = name.len();
        for number in 0..many {
            name.truncate(width.min(240));
            name.extend(format!("{number:0>4}").bytes());
            items.push(Item { parent, name: name.clone(), node });
        }
        if many == 0 {
            if matches!(node, Node::Directory { .. }) {
                folders.push(items.len());
            }
            items.push(Item { parent, name, node });
        }
    }
    items
}

/// What a record's entry is, and how many others like it there are, with a number behind the name.
fn node<'a>(kind: u8, input: &mut Input<'a>, is_ordered: bool) -> (Node<'a>, usize) {
    let mode = |bits: u16| if is_ordered { bits & 0o7777 } else { bits };
    match kind & 3 {
        FILE => {
            // Around a power of two: up to more than a device has.
            let (less, power) = (input.u8(), input.u8());
            let size = 1_u64.checked_shl(power.into()).unwrap_or(u64::MAX).wrapping_sub(less.into());
            (Node::File { mode: mode(u16::from(power) << 2), size }, 0)
        }
        FOLDER => (Node::Directory { mode: mode(input.u16()) }, 0),
        LINK => {
            let length = usize::from(input.u16() % 4200);
            let mut target = input.bytes(length);
            if is_ordered {
                target = target.split(|byte| *byte == 0).next().unwrap_or_default();
                target = target.get(..4095).unwrap_or(target);
                target = if target.is_empty() { b"x" } else { target };
            }
            (Node::Symlink { target }, 0)
        }
        _ => {
            let size = input.u8().into();
            (Node::File { mode: 0o444, size }, usize::from(input.u16()) % MANY)
        }
    }
}

fn as_they_are<'a>(items: &'a [Item<'_>]) -> Vec<Entry<'a>> {
    items.iter().map(|Item { parent, name, node }| Entry { parent: *parent as u32, name, node: *node }).collect()
}

/// In pre-order, each name once.
fn in_order<'a>(items: &'a [Item<'_>]) -> Vec<Entry<'a>> {
    let mut children = vec![BTreeMap::new(); items.len()];
    for (index, item) in items.iter().enumerate().skip(1) {
        children[item.parent].insert(&*item.name, index);
    }
    let mut entries = Vec::new();
    let mut rest = vec![(0, 0)];
    while let Some((parent, index)) = rest.pop() {
        let own = entries.len() as u32;
        entries.push(Entry { parent, name: &items[index].name, node: items[index].node });
        rest.extend(children[index].values().rev().map(|child| (own, *child)));
    }
    entries
}
