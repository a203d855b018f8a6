//! What a start is likely to touch first.

use std::collections::HashSet;

use nix_seed_frames::{Frames, Number, Places};
use nix_seed_image::index::{Entry, Index, Node, SeedPath};
use nix_seed_image::seed::Seed;
use nix_seed_store::StorePath;

use crate::Environment;

/// So many frames that are wanted in turn are asked for in the order in which they lie, so that neighbours come with one request.
const WINDOW: usize = 256;

/// So many folders of the search path are looked at: it has a dozen.
const FOLDERS: usize = 64;

/// What is run first: Nix, and the shell that most builders are.
const PROGRAMS: [&[u8]; 2] = [b"nix", b"bash"];

/// What a start is likely to touch first: what a recorded one has touched, or where there is no recording the seed's Nix and shell
/// with all libraries.
pub fn likely(seed: &Seed, places: &Places) -> Vec<Number> {
    let recorded: Vec<_> = places.recorded(&seed.index).collect();
    if recorded.is_empty() { programs(&seed.index, places, &Environment::search_path(seed)) } else { recorded }
}

/// Streams in what is not here: at once what is likely to be touched, the rest when there is time.
pub fn stream(frames: &Frames, likely: &[Number], is_here: impl Fn(Number) -> bool) {
    let places = frames.places();
    let mut first: Vec<_> = likely.iter().copied().filter(|number| !is_here(*number)).collect();
    first.chunks_mut(WINDOW).for_each(<[_]>::sort_unstable);
    frames.stream(first);
    frames.stream_rest(places.all().filter(|number| !is_here(*number)).collect());
}

/// The frames of the programs that are run first, and of all libraries that they refer to.
fn programs(index: &Index, places: &Places, search_path: &[String]) -> Vec<Number> {
    let roots = PROGRAMS.iter().filter_map(|name| path_of(index, search_path, name));
    let mut frames = Vec::new();
    for path in closure(index, roots) {
        for entry in &path.entries {
            let is_library = entry.name.ends_with(b".so") || entry.name.windows(4).any(|part| part == b".so.");
            let is_program = || is_in_bin(path, entry) && PROGRAMS.contains(&&*entry.name);
            if let Node::File { size, offset, .. } = entry.node
                && (is_library || is_program())
            {
                frames.extend(places.of_file(path, offset, size));
            }
        }
    }
    frames.dedup();
    frames
}

/// The store path whose program of this name is found in the search path.
fn path_of<'a>(index: &'a Index, search_path: &[String], program: &[u8]) -> Option<&'a SeedPath> {
    let has_program =
        |path: &&SeedPath| path.entries.iter().any(|entry| entry.name == program && is_in_bin(path, entry));
    let folders = search_path.iter().take(FOLDERS);
    let paths = folders.filter_map(|folder| StorePath::parse(folder.strip_suffix("/bin")?).ok());
    paths.filter_map(|path| find(index, &path)).find(has_program)
}

/// Whether an entry of a path lies in its folder `bin`.
fn is_in_bin(path: &SeedPath, entry: &Entry) -> bool {
    path.entries.get(entry.parent as usize).is_some_and(|folder| folder.parent == 0 && folder.name == b"bin")
}

fn find<'a>(index: &'a Index, path: &StorePath) -> Option<&'a SeedPath> {
    index.paths.get(index.position(path)? as usize)
}

/// Paths and all that they refer to.
fn closure<'a>(index: &'a Index, roots: impl Iterator<Item = &'a SeedPath>) -> Vec<&'a SeedPath> {
    let mut known = HashSet::new();
    let mut found: Vec<_> = roots.filter(|path| known.insert(&path.info.path)).collect();
    let mut next = 0;
    while let Some(path) = found.get(next).copied() {
        let references = path.info.references.iter().filter_map(|path| find(index, path));
        found.extend(references.filter(|reference| known.insert(&reference.info.path)));
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use nix_seed_image::Frame;
    use nix_seed_image::index::Layer;
    use nix_seed_store::{PathInfo, Sha256Hash};

    use super::*;

    fn store_path(name: &str) -> StorePath {
        StorePath::from_base_name(&format!("{}-{name}", "0".repeat(32))).unwrap()
    }

    /// A path with `bin` and `lib`, and files of 1000 bytes in these, each in a frame of its own, from the frame `first` on.
    fn path(name: &str, references: &[&str], first: u32, files: &[(&str, &str)]) -> SeedPath {
        let folder = |name: &str| Entry { parent: 0, name: name.into(), node: Node::Directory };
        let mut entries = vec![folder(""), folder("bin"), folder("lib")];
        entries.extend((0..).zip(files).map(|(number, (parent, name))| {
            let node = Node::File { executable: false, size: 1000, offset: number * 1000 };
            Entry { parent: if *parent == "bin" { 1 } else { 2 }, name: name.as_bytes().into(), node }
        }));
        let info = PathInfo {
            path: store_path(name),
            nar_hash: Sha256Hash([0; 32]),
            nar_size: 0,
            references: references.iter().map(|name| store_path(name)).collect(),
            ca: None,
        };
        SeedPath { info, layer: 0, frames: first..first + files.len() as u32, entries }
    }

    #[test]
    fn nix_and_the_shell_and_all_libraries_that_they_refer_to_are_likely() {
        let frame = Frame { offset: 0, length: 9, tar_length: 1000, sha256: Sha256Hash([0; 32]) };
        let frames = (0..10).map(|number| Frame { offset: number * 9, ..frame }).collect();
        let layer = Layer {
            group: "all".into(),
            digest: Sha256Hash([0; 32]),
            size: 90,
            diff_id: Sha256Hash([0; 32]),
            tar_size: 10000,
            frames,
        };
        let paths = vec![
            path("bash", &["libtinfo", "libc"], 0, &[("bin", "bash")]),
            // Each refers to the other.
            path("libc", &["libm"], 1, &[("lib", "libc.so.6"), ("lib", "libc.a")]),
            path("libm", &["libc"], 3, &[("lib", "libm.so"), ("lib", "a.sort")]),
            path("libtinfo", &["libc"], 9, &[("lib", "libtinfo.so.6")]),
            path("nix", &["libc", "nowhere"], 5, &[("bin", "nix"), ("bin", "nix-store")]),
            path("other", &[], 7, &[("lib", "libother.so"), ("lib", "nix")]),
        ];
        let index = Index { layers: vec![layer], paths, ..Index::default() };
        let places = Places::new(&index);
        let bin = |name: &str| format!("{}/bin", store_path(name));
        let likely = |folders: &[String]| {
            let mut likely: Vec<_> = programs(&index, &places, folders).iter().map(|number| number.0).collect();
            likely.sort_unstable();
            likely
        };
        assert_eq!(likely(&["/usr/bin".into(), bin("gone"), bin("nix"), bin("other")]), [1, 3, 5]);
        assert_eq!(likely(&[bin("nix"), bin("bash")]), [0, 1, 3, 5, 9]);
        assert_eq!(likely(&[bin("bash")]), [0, 1, 3, 9]);
        assert_eq!(likely(&[bin("other"), format!("{}/sbin", store_path("nix"))]), [0; 0]);
    }
}
