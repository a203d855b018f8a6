//! Whether an image is one of some entries: no more, and no less. The fuzzer of this crate uses it too.

use std::collections::BTreeMap;

use nix_seed_erofs::{Entry, Image, Node, Options};

use super::reader::{Inode, Reader};

/// Ends the test unless the image, read by another reader, is what the entries say.
pub(crate) fn assert_same(entries: &[Entry<'_>], options: &Options, image: &Image) {
    let reader = Reader::open(&image.metadata);
    assert_eq!((reader.inodes, reader.time), (entries.len() as u64, options.time));
    assert_eq!((reader.uuid, reader.volume), (&options.uuid[..], &options.volume[..]));
    assert_eq!(u64::from(reader.blocks) * 4096, image.size);
    assert_eq!(image.data.len(), entries.len());

    let mut children = vec![BTreeMap::new(); entries.len()];
    for (index, entry) in entries.iter().enumerate().skip(1) {
        children[entry.parent as usize].insert(entry.name, index);
    }
    let mut nids = vec![None; entries.len()];
    nids[0] = Some(reader.root);
    let mut taken = vec![(0, 1152)];
    for (index, entry) in entries.iter().enumerate() {
        // The name of each in its folder has said it.
        let nid = nids[index].unwrap();
        let inode = reader.inode(nid);
        taken.extend(places(&inode));
        assert_eq!((inode.owner, inode.time), (options.owner, options.time), "{index} {inode:?}");
        assert_eq!(inode.number as usize, index + 1);
        let has_contents = matches!(entry.node, Node::File { size: 1.., .. });
        assert_eq!(image.data[index], if has_contents { u64::from(inode.block) * 4096 } else { 0 });
        match entry.node {
            Node::File { mode, size } => {
                assert_eq!((inode.mode, inode.size, inode.links, inode.tail), (0o100_000 | mode, size, 1, 0));
                assert!(!has_contents || image.data[index] >= image.metadata.len() as u64);
            }
            Node::Symlink { target } => {
                assert_eq!((inode.mode, inode.links), (0o120_777, 1));
                assert_eq!(reader.contents(&inode), target);
            }
            Node::Directory { mode } => {
                let folders = children[index].values().filter(|child| kind(&entries[**child]) == 2).count();
                assert_eq!((inode.mode, inode.links as usize), (0o040_000 | mode, 2 + folders));
                let parent = nids[entry.parent as usize].unwrap();
                for (child, nid) in assert_lists(&reader, &inode, entries, &children[index], [nid, parent]) {
                    assert_eq!(nids[child].replace(nid), None);
                }
            }
        }
    }
    assert_apart(taken, image);
}

/// Looks each name up, and some that are not there. Gives where the inodes of a folder's children are.
fn assert_lists(
    reader: &Reader<'_>,
    folder: &Inode,
    entries: &[Entry<'_>],
    children: &BTreeMap<&[u8], usize>,
    [own, parent]: [u64; 2],
) -> Vec<(usize, u64)> {
    let names = reader.list(folder);
    assert!(names.is_sorted_by(|a, b| a.name < b.name), "names in another order than that of their bytes");
    assert_eq!(names.len(), children.len() + 2);
    let contents = reader.contents(folder);
    let mut found = Vec::new();
    for name in &names {
        match (&*name.name, children.get(&*name.name)) {
            (b".", None) => assert_eq!((name.nid, name.kind), (own, 2)),
            (b"..", None) => assert_eq!((name.nid, name.kind), (parent, 2)),
            (_, Some(child)) => {
                assert_eq!(name.kind, kind(&entries[*child]));
                found.push((*child, name.nid));
            }
            (other, None) => panic!("a name that is in no entry: {}", other.escape_ascii()),
        }
        assert_eq!(Reader::look_up(&contents, &name.name).as_ref(), Some(name));
        let shorter = &name.name[..name.name.len() - 1];
        for other in
            [shorter, &[&*name.name, b"!"].concat(), &[shorter, b"\xff"].concat(), &[shorter, b"\x01"].concat()]
        {
            let is_there = matches!(other, b"." | b"..") || children.contains_key(other);
            assert_eq!(Reader::look_up(&contents, other).is_some(), is_there, "{}", other.escape_ascii());
        }
    }
    found
}

fn kind(entry: &Entry<'_>) -> u8 {
    match entry.node {
        Node::File { .. } => 1,
        Node::Directory { .. } => 2,
        Node::Symlink { .. } => 7,
    }
}

/// The bytes of an inode with what is behind it, which have to be in one block, and of its blocks.
fn places(inode: &Inode) -> Vec<(u64, u64)> {
    let begin = inode.offset as u64;
    let end = begin + (inode.length + inode.tail) as u64;
    assert_eq!(begin / 4096, (end - 1) / 4096, "an inode in two blocks");
    let blocks = u64::from(inode.block) * 4096;
    let mut places = vec![(begin, end)];
    if inode.blocks > 0 {
        places.push((blocks, blocks + inode.blocks * 4096));
    } else {
        assert_eq!(inode.block, 0);
    }
    places
}

/// Nothing is in the place of something else, nothing behind the end, and there is nothing that belongs to nothing.
fn assert_apart(mut taken: Vec<(u64, u64)>, image: &Image) {
    taken.sort_unstable();
    let mut last = 0;
    for (begin, end) in taken {
        assert!(last <= begin, "bytes {begin} to {end} are taken twice");
        let between = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(image.metadata.len());
        assert!(image.metadata[between(last)..between(begin)].iter().all(|byte| *byte == 0), "before {begin}");
        last = end;
    }
    assert_eq!(last.next_multiple_of(4096), image.size);
}
