//! Layers that are written as paths are read, against a program that does one thing after the other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nix_seed_store::{NarHasher, Sha256Hash, StorePath, walk};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::part::TarPart;
use super::*;
use crate::frame::Encoder;
use crate::tar_stream::{END, parents};

const CHUNK: usize = 4096;
const SMALL: Bounds = Bounds { min: 8 << 10, middle: 16 << 10, max: 32 << 10 };

/// A file's contents: runs of so many units of 1 KiB, of bytes that compress or of bytes that do not.
type Runs = Vec<(bool, usize)>;

struct Store {
    dir: TempDir,
    closure: Closure,
}

fn sha256(bytes: &[u8]) -> Sha256Hash {
    Sha256Hash(Sha256::digest(bytes).into())
}

fn contents(name: &str, runs: &Runs) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, (noise, length)) in runs.iter().enumerate() {
        for at in 0..length * 32 {
            let noise = if *noise { sha256(format!("{name} {i} {at}").as_bytes()).0 } else { [0; 32] };
            bytes.extend(noise);
        }
    }
    bytes
}

impl Store {
    fn new<'a>(paths: impl IntoIterator<Item = (&'a str, &'a Runs)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("nix/store")).unwrap();
        let mut closure = Closure::default();
        for (name, runs) in paths {
            let path = StorePath::from_base_name(&format!("{:0>32}-{name}", closure.iter().len())).unwrap();
            std::fs::write(path.below(dir.path()), contents(name, runs)).unwrap();
            let (nar_hash, nar_size) = NarHasher::of(&path.below(dir.path())).unwrap();
            closure.insert(PathInfo { path, nar_hash, nar_size, references: Vec::new(), ca: None }).unwrap();
        }
        Self { dir, closure }
    }

    /// All files that are written, with their names.
    fn streamed(&self, allowance: usize, threads: usize, scale: u32, memory: u64) -> BTreeMap<PathBuf, Vec<u8>> {
        self.streamed_again(allowance, threads, scale, memory).0
    }

    /// The same, and how many layers were written again.
    fn streamed_again(
        &self,
        allowance: usize,
        threads: usize,
        scale: u32,
        memory: u64,
    ) -> (BTreeMap<PathBuf, Vec<u8>>, usize) {
        let out = tempfile::tempdir().unwrap();
        let group = Group { name: "all", max_layers: allowance, root: self.dir.path(), threads };
        let limits = Limits { bounds: SMALL, scale, chunk: CHUNK, memory };
        let (index, again) = group.write_within(&limits, &self.closure, out.path()).unwrap();
        let mut files = BTreeMap::new();
        for folder in ["", "blobs", "blobs/sha256"] {
            for file in std::fs::read_dir(out.path().join(folder)).unwrap().map(|entry| entry.unwrap().path()) {
                if file.is_file() {
                    files.insert(file.strip_prefix(out.path()).unwrap().to_owned(), std::fs::read(&file).unwrap());
                }
            }
        }
        assert_eq!(files.remove(Path::new(GROUP_INDEX)).unwrap(), index.encode_readable().unwrap());
        files.insert("index".into(), index.encode());
        (files, again)
    }

    /// The same, in two phases: all paths are compressed, then put into the layers that the partition wants.
    fn in_two_phases(&self, allowance: usize) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut encoder = Encoder::new().unwrap();
        let mut packed = BTreeMap::new();
        let mut pieces = Vec::new();
        for info in self.closure.iter() {
            let mut chunks = Vec::new();
            let mut part = TarPart::new(info.path.base_name(), CHUNK, Vec::new());
            let mut hand_over = |chunk| {
                chunks.push(chunk);
                Ok(Vec::new())
            };
            walk(&info.path.below(self.dir.path()), &mut |event| part.event(&event, &mut hand_over)).unwrap();
            let (last, entries) = part.finish();
            chunks.push(last);
            let frames: Vec<_> = chunks.iter().map(|chunk| encoder.encode(chunk).unwrap()).collect();
            let size = frames.iter().map(|(bytes, _)| bytes.len() as u64).sum();
            pieces.push((info.path.clone(), size));
            packed.insert(info.path.clone(), (info, chunks.concat(), frames, entries));
        }
        let (begin, end) = (encoder.encode(&parents()).unwrap(), encoder.encode(&END).unwrap());
        let (mut files, mut index) = (BTreeMap::new(), Index::default());
        pieces.sort_by(|(a, _), (b, _)| row_order(a, b));
        let row: Vec<_> = pieces.iter().map(|(path, size)| PathSize { path, size: *size }).collect();
        for places in split_within(&row, allowance, SMALL) {
            let (mut tar, mut blob, mut frames) = (parents(), Vec::new(), Vec::new());
            let mut add = |(bytes, frame): &(Vec<u8>, crate::Frame)| {
                frames.push(crate::Frame { offset: blob.len() as u64, ..*frame });
                blob.extend(bytes);
                frames.len() as u32
            };
            let mut start = add(&begin);
            for PathSize { path, .. } in &row[places] {
                let (info, part, compressed, entries) = packed.remove(path).unwrap();
                tar.extend(part);
                let end = compressed.iter().map(&mut add).last().unwrap();
                let layer = index.layers.len() as u32;
                index.paths.push(SeedPath { info: info.clone(), layer, frames: start..end, entries });
                start = end;
            }
            add(&end);
            tar.extend(END);
            let (digest, diff_id) = (sha256(&blob), sha256(&tar));
            let (size, tar_size) = (blob.len() as u64, tar.len() as u64);
            index.layers.push(Layer { group: "all".into(), digest, size, diff_id, tar_size, frames });
            files.insert(PathBuf::from("blobs/sha256").join(digest.hex()), blob);
        }
        index.paths.sort_by(|a, b| a.info.path.cmp(&b.info.path));
        files.insert("index".into(), index.encode());
        files
    }
}

fn runs() -> impl Strategy<Value = Runs> {
    prop::collection::vec((any::<bool>(), prop_oneof![6 => 0usize..6, 1 => 0usize..50]), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_store_gives_the_bytes_of_two_phases(
        paths in prop::collection::btree_map("[a-z]{1,3}", runs(), 0..30),
        allowance in prop_oneof![1usize..6, Just(1000)],
        scale in 0u32..4,
        memory in 0u64..200_000,
    ) {
        let store = Store::new(paths.iter().map(|(name, runs)| (&**name, runs)));
        let expected = store.in_two_phases(allowance);
        for threads in [1, 2, 8] {
            prop_assert!(store.streamed(allowance, threads, scale, memory) == expected);
        }
    }
}

/// A layer is open that has `before` KiB when the path of `runs` comes. How many layers there are in the end, and how
/// many were written again.
fn guesses(before: usize, runs: Runs) -> (usize, usize) {
    // The name's hash lets no layer end after it.
    let store = Store::new([("a", &vec![(true, before)]), ("b", &runs)]);
    let expected = store.in_two_phases(1000);
    let counts = [1, 2, 8].map(|threads| {
        let (files, again) = store.streamed_again(1000, threads, 0, 1 << 20);
        assert!(files == expected);
        again
    });
    assert_eq!(counts, [counts[0]; 3]);
    (expected.len() - 1, counts[0])
}

#[test]
fn a_path_that_compresses_less_than_is_usual_begins_a_layer_and_both_are_written_again() {
    assert_eq!(guesses(6, vec![(true, 30)]), (2, 2));
}

#[test]
fn a_path_that_compresses_better_than_is_usual_stays_in_the_layer_which_is_written_again() {
    assert_eq!(guesses(6, vec![(true, 8), (false, 200)]), (1, 1));
}

#[test]
fn a_path_that_compresses_as_is_usual_is_written_once() {
    assert_eq!(guesses(6, vec![(true, 8), (false, 16)]), (1, 0));
    assert_eq!(guesses(6, vec![(true, 28), (false, 56)]), (2, 0));
}

#[test]
fn a_single_layer_is_no_guess() {
    let runs = vec![(true, 10)];
    let names: Vec<String> = (0..20).map(|i| format!("p{i:02}")).collect();
    let store = Store::new(names.iter().map(|name| (&**name, &runs)));
    let scale = SMALL.likely_scale(store.closure.nar_size() / USUAL_RATIO, 1);
    assert_eq!(store.streamed_again(1, 2, scale, 1 << 20).1, 0);
}

#[test]
fn a_wrong_scale_is_corrected() {
    let runs = vec![(true, 10)];
    let names: Vec<String> = (0..20).map(|i| format!("p{i:02}")).collect();
    let store = Store::new(names.iter().map(|name| (&**name, &runs)));
    for allowance in [1, 2, 3, 1000] {
        let expected = store.in_two_phases(allowance);
        for scale in [0, 1, 2, 5, 64] {
            assert!(store.streamed(allowance, 2, scale, 1 << 20) == expected, "{allowance} layers, scale {scale}");
        }
    }
}

#[test]
fn a_failure_anywhere_stops_all_threads() {
    let runs = vec![(true, 9)];
    let names: Vec<String> = (0..6).map(|i| format!("p{i}")).collect();
    for broken in 0..names.len() {
        let store = Store::new(names.iter().map(|name| (&**name, &runs)));
        let path = &store.closure.iter().nth(broken).unwrap().path;
        std::fs::write(path.below(store.dir.path()), "changed").unwrap();
        for threads in [1, 2, 8, 64] {
            let out = tempfile::tempdir().unwrap();
            let group = Group { name: "all", max_layers: 9, root: store.dir.path(), threads };
            let limits = Limits { bounds: SMALL, scale: 0, chunk: CHUNK, memory: 20_000 };
            let error = group.write_within(&limits, &store.closure, out.path()).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{path} is not what Nix registered")), "{error}");
        }
    }
}

#[test]
fn the_usual_closure_is_guessed_right() {
    assert_eq!(BOUNDS.likely_scale(600 << 20, 100), 0);
    assert_eq!(BOUNDS.likely_scale(600 << 20, 5), 3);
    assert_eq!(BOUNDS.likely_scale(u64::MAX, 0), 64, "no bound is left");
}
