//! The image unpacks to the same tree whoever does it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER;
use nix_seed_checks::machine::process;
use nix_seed_checks::seed::layout::Layout;
use sha2::{Digest, Sha256};

use crate::mounted::Mounted;
use crate::seed::Seed;

/// What a file is, but for its inode and the times at which it was unpacked.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    links: u64,
    modified: (i64, i64),
    /// A file's hash, a link's target.
    content: String,
}

fn tree(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if metadata.is_file() {
                HEXLOWER.encode(&Sha256::digest(fs::read(&path).unwrap()))
            } else {
                folders.push(path.clone());
                String::new()
            };
            let entry = Entry {
                mode: metadata.mode(),
                owner: (metadata.uid(), metadata.gid()),
                links: if metadata.is_dir() { 0 } else { metadata.nlink() },
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                content,
            };
            entries.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
        }
    }
    entries
}

fn assert_same(one: &BTreeMap<PathBuf, Entry>, other: &BTreeMap<PathBuf, Entry>) {
    for path in one.keys().chain(other.keys()) {
        assert_eq!(one.get(path), other.get(path), "{}", path.display());
    }
}

#[test]
fn podman_skopeo_and_tar_unpack_the_same_tree() {
    let seed = Seed::of_example("c");
    let scratch = seed.workbench.cache.scratch().unwrap();
    let by_podman = tree(&Mounted::by_podman(&seed.podman, &seed.layout).root);
    assert!(by_podman.len() > 1000, "{} entries", by_podman.len());
    assert_same(&by_podman, &tree(&Mounted::by_skopeo(&seed.podman, &seed.layout, scratch.path()).root));

    let root = scratch.path().join("root");
    fs::create_dir(&root).unwrap();
    for layer in Layout::open(&seed.layout).unwrap().layers().unwrap() {
        let tar = ["--zstd", "--extract", "--same-owner", "--preserve-permissions", "--file"];
        process::output(Command::new("tar").args(tar).arg(layer).arg("--directory").arg(&root)).unwrap();
    }
    assert_same(&by_podman, &tree(&root));
}

#[test]
fn skopeo_copies_every_blob_as_it_is() {
    let seed = Seed::of_example("hello");
    let scratch = seed.workbench.cache.scratch().unwrap();
    let copy = scratch.path().join("copy");
    let [from, to] = [&seed.layout, &copy].map(|folder| format!("oci:{}:latest", folder.display()));
    process::output(seed.podman.command("skopeo").args(["copy", "--quiet", &from, &to])).unwrap();
    let [original, copied] = [&seed.layout, &copy].map(|folder| Layout::open(folder).unwrap());
    assert_eq!(original.manifest_digest, copied.manifest_digest);
    let helper = seed.workbench.helper().unwrap();
    process::output(Command::new(helper).args(["inspect", "--verify"]).arg(&copy)).unwrap();
}
