//! The image unpacks to the same tree whoever does it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::layout::Layout;
use sha2::{Digest, Sha256};

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
                format!("{:x}", Sha256::digest(fs::read(&path).unwrap()))
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
    let folder = |name: &str| scratch.path().join(name);
    let run = |command: &mut Command| process::output(command).unwrap().trim().to_owned();
    let layout = format!("oci:{}", seed.layout.display());

    let image = seed.podman.load(&seed.layout).unwrap();
    let mounted = run(seed.podman.command("podman").args(["image", "mount", &image]));
    let by_podman = tree(Path::new(&mounted));
    run(seed.podman.command("podman").args(["image", "unmount", &image]));
    assert!(by_podman.len() > 1000, "{} entries", by_podman.len());

    // A storage of its own, so that nothing that podman has unpacked is used again.
    let [storage, state] = ["storage", "state"].map(|name| folder(name).display().to_string());
    let target = format!("containers-storage:[overlay@{storage}+{state}]localhost/seed:latest");
    run(seed.podman.command("skopeo").args(["copy", "--quiet", &layout, &target]));
    let own = ["--root", &storage, "--runroot", &state, "--storage-driver", "overlay"];
    let mounted = run(seed.podman.command("podman").args(own).args(["image", "mount", "localhost/seed"]));
    let by_skopeo = tree(Path::new(&mounted));
    run(seed.podman.command("podman").args(own).args(["image", "unmount", "localhost/seed"]));
    assert_same(&by_podman, &by_skopeo);

    let root = folder("root");
    fs::create_dir(&root).unwrap();
    for layer in Layout::open(&seed.layout).unwrap().layers().unwrap() {
        let tar = ["--zstd", "--extract", "--same-owner", "--preserve-permissions", "--file"];
        run(Command::new("tar").args(tar).arg(layer).arg("--directory").arg(&root));
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
