//! What ends exactly where a block does, and what is large.

use nix_seed_erofs::{Error, Image, Options, write};

use crate::OPTIONS;
use crate::compare::assert_same;
use crate::reader::{Inode, Reader};
use crate::tree::{Kind, Tree};

const FILE: Kind = Kind::File(0o644, 1);

/// Names whose dirents have this length together, with those of `.` and `..`: 27.
fn names(length: usize) -> Vec<String> {
    let mut rest = length - 27;
    let mut names = Vec::new();
    while rest > 0 {
        // What is left has to be nothing, or enough for a name.
        let own = if rest <= 267 { rest } else { 267.min(rest - 13) };
        names.push(format!("{:a<width$}", names.len(), width = own - 12));
        rest -= own;
    }
    names
}

fn root(image: &Image) -> Inode {
    let reader = Reader::open(&image.metadata);
    reader.inode(reader.root)
}

#[test]
fn folders_that_end_near_a_block() {
    // In a block of its own an inode of 32 bytes has room for 4064 behind it, one of 64 for 4032.
    for length in (4010..4120).chain(8100..8210).chain([12288, 12289]) {
        let mut tree = Tree::new();
        for folder in ["a", "b"] {
            let folder = tree.add(0, folder, Kind::Directory(0o755));
            for name in names(length) {
                tree.add(folder, name, FILE);
            }
        }
        let entries = tree.entries();
        for owner in [(0, 0), (0, 65536)] {
            let options = Options { owner, ..OPTIONS };
            assert_same(&entries, &options, &write(&entries, &options, &[]).unwrap());
        }
    }
}

#[test]
fn a_folder_that_fills_its_blocks_has_no_rest() {
    let folder = |length| {
        let mut tree = Tree::new();
        for name in names(length) {
            tree.add(0, name, FILE);
        }
        let image = tree.image();
        let root = root(&image);
        (root.size, root.blocks, root.tail)
    };
    assert_eq!(folder(4064), (4064, 0, 4064));
    assert_eq!(folder(4065), (4065, 1, 0));
    assert_eq!(folder(4096), (4096, 1, 0));
    assert_eq!(folder(4109).1, 1);
}

#[test]
fn links_of_every_length() {
    let mut tree = Tree::new();
    for length in (1..40).chain(900..1200).chain(3900..=4095) {
        tree.add(0, format!("{length}"), Kind::Symlink(vec![b'x'; length]));
    }
    tree.image();
    for (length, tail) in [(1, 1), (4064, 4064), (4065, 0), (4095, 0)] {
        let mut tree = Tree::new();
        tree.add(0, "link", Kind::Symlink(vec![b'x'; length]));
        let image = tree.image();
        let reader = Reader::open(&image.metadata);
        let link = Reader::look_up(&reader.contents(&reader.inode(reader.root)), b"link").unwrap();
        assert_eq!(reader.inode(link.nid).tail, tail, "{length}");
    }
}

#[test]
fn names_around_the_folder_itself_and_its_parent() {
    let mut tree = Tree::new();
    for name in
        ["!", "+", "-", "-.", ".!", ".-", "...", "..a", ".a", "/".replace('/', "0").as_str(), "\n", "\u{1}", "é"]
    {
        let folder = tree.add(0, name, Kind::Directory(0o700));
        tree.add(folder, name, FILE);
    }
    let image = tree.image();
    let reader = Reader::open(&image.metadata);
    let names: Vec<_> = reader.list(&reader.inode(reader.root)).into_iter().map(|name| name.name).collect();
    let names: Vec<_> = names.iter().map(|name| str::from_utf8(name).unwrap()).collect();
    assert_eq!(names, ["\u{1}", "\n", "!", "+", "-", "-.", ".", ".!", ".-", "..", "...", "..a", ".a", "0", "é"]);
}

#[test]
fn a_folder_of_thirty_thousand_long_names() {
    let mut tree = Tree::new();
    for number in 0..30_000 {
        tree.add(0, format!("{number:0>255}"), Kind::File(0o444, number));
    }
    let image = tree.image();
    // 15 of 267 bytes in a block.
    assert_eq!(root(&image).size.div_ceil(4096), 2000);
}

#[test]
fn a_folder_of_more_folders_than_16_bits_count() {
    for (folders, length) in [(65533, 32), (65534, 64)] {
        let mut tree = Tree::new();
        for number in 0..folders {
            tree.add(0, format!("{number}"), Kind::Directory(0o755));
        }
        let image = tree.image();
        let root = root(&image);
        assert_eq!((root.links, root.length), (folders + 2, length));
    }
}

#[test]
fn folders_in_each_other() {
    let mut tree = Tree::new();
    let mut folder = 0;
    for depth in 0..5000 {
        tree.add(folder, "file", Kind::File(0o600, depth));
        folder = tree.add(folder, "folder", Kind::Directory(0o711));
    }
    tree.image();
}

#[test]
fn nothing_but_a_root() {
    let image = Tree::new().image();
    assert_eq!((image.metadata.len(), image.size, image.data), (4096, 4096, vec![0]));
}

#[test]
fn contents_begin_behind_the_metadata_in_the_order_of_the_entries() {
    let mut tree = Tree::new();
    for (name, size) in [("a", 0), ("b", 1), ("c", 4095), ("d", 4096), ("e", 4097), ("f", 0), ("g", 1 << 32), ("h", 1)]
    {
        tree.add(0, name, Kind::File(0o444, size));
    }
    let image = tree.image();
    let blocks: Vec<_> = image.data.iter().map(|at| at / 4096).collect();
    assert_eq!(blocks, [0, 0, 1, 2, 3, 4, 0, 6, 6 + (1 << 20)]);
    assert_eq!(image.size / 4096, 7 + (1 << 20));
}

#[test]
fn a_device_of_16_tib_is_the_largest() {
    // All blocks whose addresses have 32 bits but the last, less the metadata's.
    let most = u64::from(u32::MAX - 1) * 4096;
    let mut tree = Tree::new();
    tree.add(0, "file", Kind::File(0o444, most));
    assert_eq!(tree.image().size, u64::from(u32::MAX) * 4096);
    tree.add(0, "one more", FILE);
    assert_eq!(write(&tree.entries(), &OPTIONS, &[]), Err(Error::TooLarge { blocks: 1 << 32 }));
    for number in 0..10_000 {
        tree.add(0, format!("{number}"), Kind::File(0o444, u64::MAX));
    }
    assert_eq!(write(&tree.entries(), &OPTIONS, &[]), Err(Error::TooLarge { blocks: u64::MAX }));
}
