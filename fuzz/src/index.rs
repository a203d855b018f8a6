//! The index: the input's first byte says what the rest is. Zero: an index, as it stands. Else the ten sections in
//! the order of the specification, each behind its length, of which an index is made; the byte's bits say what is
//! computed rather than taken from the records.

use nix_seed_image::index::{Entry, FrameRef, Index, Node, Reason, Restriction, RestrictionKind, SeedPath};
use nix_seed_image::recording::Recording;
use nix_seed_image::why::{Why, explain};

use crate::input::Input;
use crate::seed::SEED;

const TAGS: [&[u8; 4]; 10] = [b"LAYR", b"FRAM", b"PATH", b"REFS", b"ENTR", b"STRS", b"RSTR", b"LINK", b"WHYS", b"ORDR"];
const HEADER: usize = 16;
const RECORD: usize = 24;

/// Make an index of sections.
const SECTIONS: u8 = 1;
/// Where ranges begin follows from the lengths of those before.
const RANGES: u8 = 2;
/// Frames lie one after the other, and the layer is as long as its frames.
const FRAMES: u8 = 4;

/// The index of a small seed, as sections.
pub fn honest() -> Vec<u8> {
    let mut index = SEED.index.clone();
    index.restrictions = vec![Restriction { path: 1, kind: RestrictionKind::License, reason: "unfree".into() }];
    let reason = |path, last: &str| Reason { path, chain: vec!["packages.default".into(), last.into()] };
    index.reasons = vec![reason(0, "lib.drv"), reason(2, "source.drv")];
    index.order = vec![FrameRef { layer: 0, frame: 3 }, FrameRef { layer: 0, frame: 1 }];
    let bytes = index.encode();
    let mut input = vec![SECTIONS | RANGES | FRAMES];
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    for record in (HEADER..).step_by(RECORD).take(TAGS.len()) {
        let (offset, length) = (number(record + 8), number(record + 16));
        input.extend((length as u16).to_le_bytes());
        input.extend_from_slice(&bytes[offset..offset + length]);
    }
    input
}

/// What is read survives being written, and keeps the promises that its users build on.
pub fn run(data: &[u8]) -> bool {
    let mut input = Input(data);
    let bytes = match input.u8() {
        0 => input.0.to_vec(),
        how => assemble(how, input),
    };
    let Ok(index) = Index::decode(&bytes) else { return false };
    let encoded = index.encode();
    assert!(Index::decode(&encoded).unwrap() == index, "encoding loses something");
    check(&index);
    true
}

fn assemble(how: u8, mut input: Input<'_>) -> Vec<u8> {
    let mut sections = TAGS.map(|_| {
        let length = input.u16();
        input.bytes(length.into()).to_vec()
    });
    let [layers, frames, paths, ..] = &mut sections;
    if how & RANGES != 0 {
        number(layers, 96, 80);
        number(paths, 88, 68);
        number(paths, 88, 76);
    }
    if how & FRAMES != 0 {
        line_up(layers, frames);
    }
    let mut bytes = [&b"nix-seed"[..], &1u32.to_le_bytes(), &(TAGS.len() as u32).to_le_bytes()].concat();
    let mut offset = HEADER + RECORD * TAGS.len();
    for (tag, section) in TAGS.iter().zip(&sections) {
        bytes.extend_from_slice(*tag);
        bytes.extend(1u32.to_le_bytes());
        bytes.extend((offset as u64).to_le_bytes());
        bytes.extend((section.len() as u64).to_le_bytes());
        offset += section.len();
    }
    bytes.extend(sections.concat());
    bytes
}

/// Computes the `first` at `at` of each record from the `count` that follows it.
fn number(table: &mut [u8], record: usize, at: usize) {
    let mut next = 0u32;
    for record in table.chunks_exact_mut(record) {
        record[at..at + 4].copy_from_slice(&next.to_le_bytes());
        next = next.wrapping_add(u32_at(record, at + 4));
    }
}

/// Computes the offsets of frames, and the lengths of layers.
fn line_up(layers: &mut [u8], frames: &mut [u8]) {
    let mut frames = frames.chunks_exact_mut(48);
    for layer in layers.chunks_exact_mut(96) {
        let (mut size, mut tar_size) = (0u64, 0u64);
        for frame in frames.by_ref().take(u32_at(layer, 84) as usize) {
            frame[..8].copy_from_slice(&size.to_le_bytes());
            size += u64::from(u32_at(frame, 8));
            tar_size += u64::from(u32_at(frame, 12));
        }
        layer[64..72].copy_from_slice(&size.to_le_bytes());
        layer[72..80].copy_from_slice(&tar_size.to_le_bytes());
    }
}

fn u32_at(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}

/// What whoever holds an index relies on.
fn check(index: &Index) {
    let mut owned: Vec<Vec<bool>> = index.layers.iter().map(|layer| vec![false; layer.frames.len()]).collect();
    for (i, path) in index.paths.iter().enumerate() {
        assert_eq!(index.position(&path.info.path), Some(i as u32));
        assert!(!index.frames(path).is_empty());
        for frame in path.frames.clone() {
            let owner = &mut owned[path.layer as usize][frame as usize];
            assert!(!std::mem::replace(owner, true), "a frame has two owners");
        }
        check_tree(index, path);
    }
    for (layer, owned) in index.layers.iter().zip(owned) {
        let [false, middle @ .., false] = &owned[..] else { panic!("a path has the first or last frame") };
        assert!(middle.iter().all(|owned| *owned), "a frame has no owner");
        assert_eq!(layer.frames.iter().map(|frame| u64::from(frame.length)).sum::<u64>(), layer.size);
    }
    for restriction in &index.restrictions {
        assert!((restriction.path as usize) < index.paths.len());
    }
    check_reasons(index);
    check_order(index);
    assert_eq!(index.closure().iter().len(), index.paths.len());
}

/// Chains are as the specification says, and whatever is reached from them is reached by references.
fn check_reasons(index: &Index) {
    let mut next = 0;
    for Reason { path, chain } in &index.reasons {
        assert!(*path >= next && (*path as usize) < index.paths.len(), "chains are not sorted");
        next = path + 1;
        assert!((1..=1000).contains(&chain.len()) && chain.iter().all(|link| (1..=512).contains(&link.len())));
    }
    let all: Vec<_> = (0..index.paths.len() as u32).take(100).collect();
    let found = explain(index, &[], &all);
    for (path, Why { path: name, chain, references }) in index.paths.iter().zip(&found) {
        assert_eq!(*name, path.info.path.to_string());
        assert_eq!(chain.is_empty(), references.is_empty());
        let of = |name: &str| index.paths.iter().find(|path| path.info.path.to_string() == name).unwrap();
        for pair in references.windows(2) {
            assert!(of(&pair[0]).info.references.contains(&of(&pair[1]).info.path), "no reference leads on");
        }
        let Some((root, last)) = references.first().zip(references.last()) else { continue };
        assert_eq!(last, name);
        let reason =
            index.reasons.iter().find(|reason| index.paths[reason.path as usize].info.path == of(root).info.path);
        assert_eq!(reason.unwrap().chain, *chain);
    }
}

/// Each frame of the order is some path's and stands there once, and what is recorded of it means the same again.
fn check_order(index: &Index) {
    let mut seen = std::collections::BTreeSet::new();
    for at in &index.order {
        assert!(index.frame(*at).is_some() && seen.insert(*at), "{at:?} does not exist, or stands there twice");
        assert!(index.paths.iter().any(|path| path.layer == at.layer && path.frames.contains(&at.frame)));
    }
    let recording = Recording::of(index, &index.order);
    assert_eq!(recording.resolve(index), index.order);
    assert_eq!(Recording::parse(&recording.to_json()).unwrap(), recording);
}

/// The entries are a tree, and its files lie in the path's part of the tar.
fn check_tree(index: &Index, path: &SeedPath) {
    let tar_size: u64 = index.frames(path).iter().map(|frame| u64::from(frame.tar_length)).sum();
    let mut data_end = 0;
    let mut names = std::collections::BTreeSet::new();
    for (i, Entry { parent, name, node }) in path.entries.iter().enumerate() {
        assert_eq!(i == 0, name.is_empty());
        assert!(!name.iter().any(|c| matches!(c, b'/' | 0)) && *name != b"." && *name != b"..", "{name:?}");
        assert!(names.insert((parent, name)), "{name:?} is in its folder twice");
        if i > 0 {
            assert!((*parent as usize) < i && path.entries[*parent as usize].node == Node::Directory);
        }
        match node {
            Node::File { size, offset, .. } => {
                assert!(data_end <= *offset && offset.checked_add(*size).is_some_and(|end| end <= tar_size));
                data_end = offset + size;
            }
            Node::Symlink { target } => assert!(!target.is_empty() && target.len() <= 4095),
            Node::Directory => {}
        }
    }
    assert!(!path.entries.is_empty());
}
