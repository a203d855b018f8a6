//! Whether a folder is what some entries say.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix_seed_erofs::{Entry, Node, Options};

use super::device;

/// Whose folder it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The kernel shows the image itself.
    Mounted,
    /// On a file system that counts, orders and links as it likes.
    Extracted,
}

/// Ends the test unless each entry is there, with all that the kernel says of it, and nothing else.
pub(super) fn assert_same(root: &Path, entries: &[Entry<'_>], options: &Options, shown: Shown) {
    let mut children = vec![BTreeMap::new(); entries.len()];
    for (index, entry) in entries.iter().enumerate().skip(1) {
        children[entry.parent as usize].insert(entry.name, index);
    }
    let mut paths: Vec<PathBuf> = vec![root.into()];
    let mut numbers = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            paths.push(paths[entry.parent as usize].join(OsStr::from_bytes(entry.name)));
        }
        let path = &paths[index];
        let found = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!((found.uid(), found.gid()), options.owner, "{}", path.display());
        assert_eq!((found.mtime(), found.mtime_nsec()), (options.time.cast_signed(), 0), "{}", path.display());
        assert!(shown == Shown::Extracted || numbers.insert(found.ino()), "{}: another's number", path.display());
        let folders = children[index].values().filter(|child| is_folder(&entries[**child])).count() as u64;
        let links = if is_folder(entry) { 2 + folders } else { 1 };
        assert!(shown == Shown::Extracted || found.nlink() == links, "{}: {} links", path.display(), found.nlink());
        assert_node(path, &found, index, &entry.node, shown);
        if is_folder(entry) {
            assert_listed(path, &children[index], shown);
        }
    }
}

fn is_folder(entry: &Entry<'_>) -> bool {
    matches!(entry.node, Node::Directory { .. })
}

fn assert_node(path: &Path, found: &Metadata, index: usize, node: &Node<'_>, shown: Shown) {
    match *node {
        Node::Directory { mode } => assert_eq!(found.mode(), 0o040_000 | u32::from(mode), "{}", path.display()),
        Node::File { mode, size } => {
            // fsck.erofs 1.5 sets the mode first and then the owner, whereby the kernel clears what would be another's rights.
            let kept = if shown == Shown::Mounted { 0o177_777 } else { 0o171_777 };
            let expected = (0o100_000 | u32::from(mode)) & kept;
            assert_eq!((found.mode() & kept, found.len()), (expected, size), "{}", path.display());
            assert!(fs::read(path).unwrap() == device::contents(index, 0, size), "{}: other contents", path.display());
        }
        Node::Symlink { target } => {
            assert_eq!((found.mode(), found.len()), (0o120_777, target.len() as u64), "{}", path.display());
            assert_eq!(fs::read_link(path).unwrap().as_os_str().as_bytes(), target);
        }
    }
}

/// The kernel lists an image's names in the order of their bytes; names that are not there are not found.
fn assert_listed(folder: &Path, children: &BTreeMap<&[u8], usize>, shown: Shown) {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        // A listing says what kind each is, and its number, without a look at it.
        if shown == Shown::Mounted {
            let found = fs::symlink_metadata(entry.path()).unwrap();
            assert_eq!((entry.file_type().unwrap(), entry.ino()), (found.file_type(), found.ino()));
        }
        names.push(entry.file_name().into_vec());
    }
    if shown == Shown::Extracted {
        names.sort_unstable();
    }
    assert!(names.iter().map(Vec::as_slice).eq(children.keys().copied()), "{}: other names", folder.display());
    for name in children.keys().step_by(1 + children.len() / 100) {
        for other in [&name[..name.len() - 1], &[*name, b"!"].concat(), &[&name[..name.len() - 1], b"\xff"].concat()] {
            let is_there = matches!(other, b"" | b"." | b"..") || other.len() > 255 || children.contains_key(other);
            let found = fs::symlink_metadata(folder.join(OsStr::from_bytes(other)));
            assert!(is_there || found.is_err_and(|error| error.kind() == ErrorKind::NotFound), "{}", folder.display());
        }
    }
}
