//! What is at an edge, or large.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use nix_seed_erofs::{Entry, Node};

use super::device::{self, Device};
use super::tree::{Kind, Tree};
use super::{OPTIONS, assert_found};

fn file(size: u64) -> Kind {
    Kind::File(0o444, size)
}

#[test]
fn folders_that_end_near_a_block() {
    let mut tree = Tree::new();
    // With `.` and `..`, and 15 names of 255 bytes each: from 3 bytes less than a block to 3 more, and so around what fits behind an inode.
    for length in (4029..=4035).chain(4061..=4067).chain(4093..=4099) {
        let folder = tree.add(0, format!("{length}"), Kind::Directory(0o755));
        for number in 0..14 {
            tree.add(folder, format!("{number:0>255}"), file(number));
        }
        for own in halves(length - 27 - 14 * 267) {
            tree.add(folder, format!("{own:a>width$}", width = own - 12), file(1));
        }
    }
    assert_found(&tree, &OPTIONS);
}

/// A length as that of two dirents, of which neither is too long for a name.
fn halves(length: usize) -> [usize; 2] {
    [length / 2 + 1, length - length / 2 - 1]
}

#[test]
fn links_of_every_length() {
    let mut tree = Tree::new();
    for length in [1, 2, 59, 60, 61, 255, 256, 3999, 4000].into_iter().chain(4028..=4095) {
        tree.add(0, format!("{length}"), Kind::Symlink(vec![b'x'; length]));
    }
    assert_found(&tree, &OPTIONS);
}

#[test]
fn names_around_the_folder_itself_and_its_parent() {
    let mut tree = Tree::new();
    for name in [
        b"!".as_slice(),
        b"+",
        b"-",
        b"-.",
        b".!",
        b".-",
        b"...",
        b"..a",
        b".a",
        b"0",
        b"\n",
        b"\x01",
        b"\xff\xfe",
        b"\\",
    ] {
        let folder = tree.add(0, name, Kind::Directory(0o700));
        tree.add(folder, name, file(1));
    }
    assert_found(&tree, &OPTIONS);
}

#[test]
fn folders_of_many_files_and_of_more_folders_than_16_bits_count() {
    let mut tree = Tree::new();
    let files = tree.add(0, "files", Kind::Directory(0o755));
    for number in 0..30_000 {
        tree.add(files, format!("{number:0>255}"), file(0));
    }
    let folders = tree.add(0, "folders", Kind::Directory(0o755));
    for number in 0..65_534 {
        tree.add(folders, format!("{number}"), Kind::Directory(0o755));
    }
    let entries = tree.entries();
    let device = Device::new(&entries, &OPTIONS);
    device.check();
    let mounted = device.mount();
    super::assert_same(mounted.path(), &entries, &OPTIONS, super::Shown::Mounted);
}

#[test]
fn folders_in_each_other() {
    let mut tree = Tree::new();
    let mut folder = 0;
    for depth in 0..900 {
        tree.add(folder, "f", file(depth % 3));
        folder = tree.add(folder, "d", Kind::Directory(0o711));
    }
    assert_found(&tree, &OPTIONS);
}

#[test]
fn a_file_of_more_than_4_gib() {
    const SIZE: u64 = (5 << 30) + 123;
    let node = |size| Node::File { mode: 0o444, size };
    let entries = [
        Entry { parent: 0, name: b"", node: Node::Directory { mode: 0o755 } },
        Entry { parent: 0, name: b"before", node: node(1) },
        Entry { parent: 0, name: b"large", node: node(SIZE) },
        Entry { parent: 0, name: b"next", node: node(4097) },
    ];
    // Of the large one only these, where there could be confusion; the rest is a hole, also in what stands for the device.
    let pieces = [(0, 4096), ((4 << 30) - 4096, 8192), (SIZE - 5000, 5000)];
    let device = Device::with_pieces(&entries, &OPTIONS, |index, size| match index {
        2 => pieces.to_vec(),
        _ => vec![(0, size)],
    });
    device.check();
    let mounted = device.mount();
    let large = File::open(mounted.path().join("large")).unwrap();
    assert_eq!(large.metadata().unwrap().len(), SIZE);
    for (begin, length) in pieces {
        let mut read = vec![0; usize::try_from(length).unwrap()];
        large.read_exact_at(&mut read, begin).unwrap();
        assert!(read == device::contents(2, begin, length), "{begin}");
    }
    let mut hole = [1; 4096];
    large.read_exact_at(&mut hole, 3 << 30).unwrap();
    assert_eq!(hole, [0; 4096]);
    assert_eq!(large.read_at(&mut hole, SIZE).unwrap(), 0);
    for (name, index, size) in [("before", 1, 1), ("next", 3, 4097)] {
        assert!(fs::read(mounted.path().join(name)).unwrap() == device::contents(index, 0, size), "{name}");
    }
}
