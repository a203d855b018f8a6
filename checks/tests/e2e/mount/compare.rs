//! A mounted seed is the same as an unpacked one, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::refused::loop_devices;
use super::{Machine, NO_EROFS, NO_EROFS_OF_FILES, PATIENCE, digest, ends};
use crate::publish::Publisher;
use crate::seed::Seed;
use crate::{faithful, generated};

/// What anybody sees of a file, but for its number and the times of which a NAR knows nothing.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    /// Of a folder it is for the file system to say, as is its size.
    links: u64,
    size: u64,
    modified: (i64, i64),
    /// A file's hash, a link's target.
    content: Vec<u8>,
}

/// All below a folder, the folder too.
fn tree(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let (mut entries, mut left) = (BTreeMap::new(), vec![PathBuf::new()]);
    while let Some(name) = left.pop() {
        let path = if name.as_os_str().is_empty() { root.to_owned() } else { root.join(&name) };
        let metadata = path.symlink_metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let content = if metadata.is_symlink() {
            fs::read_link(&path).unwrap().as_os_str().as_bytes().to_owned()
        } else if metadata.is_file() {
            HEXLOWER.encode(&Sha256::digest(fs::read(&path).unwrap())).into_bytes()
        } else {
            let children = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap());
            left.extend(children.map(|child| {
                let listed = child.file_type().unwrap();
                let found = child.path().symlink_metadata().unwrap().file_type();
                assert_eq!(listed, found, "{}", child.path().display());
                name.join(child.file_name())
            }));
            Vec::new()
        };
        let entry = Entry {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            links: if metadata.is_dir() { 0 } else { metadata.nlink() },
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            content,
        };
        entries.insert(name, entry);
    }
    entries
}

/// All of each of a store's paths. What stands beside them is not a seed's: locks, and what Nix puts there.
fn store(machine: &Machine<'_>) -> BTreeMap<PathBuf, Entry> {
    let store = machine.seen(&machine.root()).join("nix/store");
    let names = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter(|name| name.as_bytes()[0] != b'.');
    let trees = names.flat_map(|name| {
        let below = tree(&store.join(&name));
        below.into_iter().map(move |(path, entry)| (Path::new(&name).join(path), entry)).collect::<Vec<_>>()
    });
    trees.collect()
}

/// What is unpacked, and what is mounted in each way, is the same, for a root of this owner.
fn assert_same(publisher: &Publisher, layout: &Path, owner: u32) -> usize {
    let location = layout.to_str().unwrap();
    let script = |more: &str| format!("{more}\nchown {owner}:{owner} \"$0/root\"");
    let unpacked = Machine::with(publisher, &script("true"));
    unpacked.say(&["up", "--unpack", "--json", location]).json();
    let expected = store(&unpacked);
    for lack in [None, Some(NO_EROFS_OF_FILES), Some(NO_EROFS)] {
        let mounted = Machine::with(publisher, &script("true"));
        let traced = lack.map(|lack| mounted.mounts_without(lack, location));
        if traced.is_none() {
            mounted.mounts(location);
        }
        let devices = loop_devices(mounted.server()).len();
        assert_eq!(devices, usize::from(lack == Some(NO_EROFS_OF_FILES)), "{lack:?}");
        let found = store(&mounted);
        for name in expected.keys().chain(found.keys()) {
            assert_eq!(expected.get(name), found.get(name), "{lack:?}: {}", name.display());
        }
        // Nix finds the same as well, and nothing that is not there is found.
        let verified = mounted.nix(&["store", "verify", "--no-trust", "--all"]);
        assert_eq!(verified.code, Some(0), "{}", verified.err);
        for name in expected.keys().filter(|name| name.parent().is_some()).take(500) {
            let mut other = name.clone().into_os_string();
            other.push("!");
            let path = mounted.seen(&mounted.root()).join("nix/store").join(other);
            assert!(path.symlink_metadata().is_err(), "{}", path.display());
        }
        assert_eq!(mounted.discards()["removedStore"], true);
        mounted.assert_gone();
        if let Some(traced) = traced {
            let said = String::from_utf8_lossy(&ends(traced, PATIENCE).stderr).into_owned();
            assert_eq!(said.contains("is served file by file"), lack == Some(NO_EROFS), "{said}");
        }
    }
    expected.len()
}

#[test]
fn the_seed_of_an_example() {
    let (seed, publisher) = (Seed::of_example("c"), Publisher::open());
    let entries = assert_same(&publisher, &seed.layout, 0);
    assert!(entries > 1000, "{entries}");
    println!("{}: {entries} entries are the same", digest(&seed.layout));
}

#[test]
fn all_kinds_of_names_and_files() {
    let publisher = Publisher::open();
    let store = faithful::awkward(&publisher.journey);
    let hashes = store.nar_hashes(&publisher.journey.workbench.nix, store.root());
    let (layout, _) = publisher.journey.image(&store, &store.graph(&hashes));
    let entries = assert_same(&publisher, &layout, 1000);
    println!("{entries} entries are the same");
}

#[test]
fn generated_trees() {
    let publisher = Publisher::open();
    let store = generated::store(&publisher.journey);
    let hashes = store.nar_hashes(&publisher.journey.workbench.nix, store.root());
    let (layout, _) = publisher.journey.image(&store, &store.graph(&hashes));
    let entries = assert_same(&publisher, &layout, 0);
    println!("{entries} entries are the same");
}
