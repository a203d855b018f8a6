//! Store paths that no Nix has built: files below a folder, and the closure graph that Nix would write of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix_seed_checks::machine::process;
use nix_seed_checks::nix::Nix;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How many paths one call of Nix gets: far fewer than the system allows.
const AT_ONCE: usize = 1000;

pub(crate) struct Store {
    folder: TempDir,
    /// The references of each path; all by their base names.
    references: BTreeMap<String, Vec<String>>,
}

impl Store {
    pub(crate) fn below(folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).unwrap();
        fs::create_dir_all(folder.path().join("nix/store")).unwrap();
        Self { folder, references: BTreeMap::new() }
    }

    /// The folder that nix/store lies in.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a path whose files `make` creates at the place that it is given. All names are given as base names.
    pub(crate) fn add(&mut self, name: &str, references: &[&str], make: impl FnOnce(&Path)) -> String {
        let base_name = format!("{:0>32}-{name}", self.references.len());
        make(&self.path(&base_name));
        let references = references.iter().copied().map(str::to_owned).collect();
        self.references.insert(base_name.clone(), references);
        base_name
    }

    /// Where the files of a path are.
    pub(crate) fn path(&self, base_name: &str) -> PathBuf {
        self.root().join("nix/store").join(base_name)
    }

    pub(crate) fn base_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.references.keys().map(String::as_str)
    }

    /// The closure graph, where the paths have these hashes.
    pub(crate) fn graph(&self, hashes: &BTreeMap<String, String>) -> Value {
        let full = |name: &String| format!("/nix/store/{name}");
        let row = |(name, references): (_, &Vec<String>)| {
            json!({
                "path": full(name),
                "narHash": hashes[name],
                "narSize": nar_size(&self.path(name)),
                "references": references.iter().map(full).collect::<Vec<_>>(),
            })
        };
        self.references.iter().map(row).collect()
    }

    /// The NAR hash that Nix gives each path of this store, or of another that is to be the same, in the folder `root`.
    pub(crate) fn nar_hashes(&self, nix: &Nix, root: &Path) -> BTreeMap<String, String> {
        let names: Vec<_> = self.base_names().collect();
        let mut hashes = BTreeMap::new();
        for names in names.chunks(AT_ONCE) {
            let mut command = nix.command("nix");
            command.current_dir(root.join("nix/store")).args(["hash", "path"]).args(names);
            let lines = process::output(&mut command).unwrap();
            assert_eq!(lines.lines().count(), names.len());
            hashes.extend(names.iter().map(ToString::to_string).zip(lines.lines().map(str::to_owned)));
        }
        hashes
    }
}

/// The length of a path's NAR. Nix prints only its hash; a wrong length would be refused together with the right hash.
fn nar_size(path: &Path) -> u64 {
    strings(&[b"nix-archive-1"]) + node(path)
}

fn node(path: &Path) -> u64 {
    let metadata = path.symlink_metadata().unwrap();
    let content = if metadata.is_symlink() {
        strings(&[b"symlink", b"target", fs::read_link(path).unwrap().as_os_str().as_bytes()])
    } else if metadata.is_file() {
        let executable: &[&[u8]] = if is_executable(&metadata) { &[b"executable", b""] } else { &[] };
        strings(&[b"regular", b"contents"]) + strings(executable) + string(metadata.len())
    } else {
        let entry = |entry: fs::DirEntry| {
            strings(&[b"entry", b"(", b"name", entry.file_name().as_bytes(), b"node", b")"]) + node(&entry.path())
        };
        strings(&[b"directory"]) + fs::read_dir(path).unwrap().map(|found| entry(found.unwrap())).sum::<u64>()
    };
    strings(&[b"(", b"type", b")"]) + content
}

pub(crate) fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

fn strings(strings: &[&[u8]]) -> u64 {
    strings.iter().map(|bytes| string(bytes.len() as u64)).sum()
}

/// The length that a string of so many bytes has in a NAR.
fn string(length: u64) -> u64 {
    8 + length.next_multiple_of(8)
}
