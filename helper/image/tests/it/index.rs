//! An index that lies is refused, whatever it lies about.

use std::sync::LazyLock;

use crate::common::Store;
use nix_seed_image::Frame;
use nix_seed_image::index::{Entry, Index, Node, Restriction, RestrictionKind};
use proptest::prelude::*;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    Index::decode(&std::fs::read(group.join("index")).unwrap()).unwrap()
});

fn index() -> Index {
    INDEX.clone()
}

/// What decoding says of an index after `lie` has been at it.
fn refused(lie: impl FnOnce(&mut Index)) -> String {
    let mut index = index();
    lie(&mut index);
    Index::decode(&index.encode()).unwrap_err().to_string()
}

#[test]
fn what_is_encoded_decodes() {
    let index = index();
    assert_eq!(Index::decode(&index.encode()).unwrap(), index);
}

fn restriction(path: u32) -> Restriction {
    Restriction { path, kind: RestrictionKind::License, reason: "no copies".into() }
}

#[test]
fn restrictions_of_no_path_or_out_of_order_are_refused() {
    assert!(refused(|index| index.restrictions = vec![restriction(3)]).contains("path that does not exist"));
    let message = refused(|index| index.restrictions = vec![restriction(1), restriction(0)]);
    assert!(message.contains("restrictions are not sorted"), "{message}");
    let message = refused(|index| index.restrictions = vec![restriction(1), restriction(1)]);
    assert!(message.contains("or one stands there twice"), "{message}");
}

#[test]
fn an_unknown_kind_of_restriction_is_refused() {
    let bytes = Index { restrictions: vec![restriction(0)], ..index() }.encode();
    // The section is the last one: path, kind, reason.
    let kind = bytes.len() - 12;
    for (number, known) in [(0u8, false), (1, true), (2, true), (3, false)] {
        let mut bytes = bytes.clone();
        bytes[kind] = number;
        assert_eq!(Index::decode(&bytes).is_ok(), known, "kind {number}");
    }
}

#[test]
fn overlapping_frames_are_refused() {
    assert!(refused(|index| index.layers[0].frames[1].offset -= 1).contains("overlap or leave a gap"));
    assert!(refused(|index| index.paths[1].frames.start -= 1).contains("overlap or belong to no path"));
}

#[test]
fn overflowing_ranges_are_refused() {
    let message = refused(|index| {
        let Node::File { offset, .. } = &mut index.paths[0].entries[3].node else { panic!("the fixture has changed") };
        *offset = u64::MAX - 1;
    });
    assert!(message.contains("a file lies outside of its frames"), "{message}");
}

#[test]
fn a_layer_without_a_store_path_is_refused() {
    let message = refused(|index| {
        let mut layer = index.layers[0].clone();
        layer.frames = vec![layer.frames[0], Frame { offset: layer.frames[0].end(), ..layer.frames[0] }];
        (layer.size, layer.tar_size) = (layer.frames[1].end(), 2 * u64::from(layer.frames[0].tar_length));
        index.layers.push(layer);
    });
    assert!(message.contains("layer 1 holds no store path"), "{message}");
}

#[test]
fn overlapping_files_are_refused() {
    let message = refused(|index| {
        let Node::File { offset, .. } = &mut index.paths[0].entries[5].node else { panic!("the fixture has changed") };
        *offset = 0;
    });
    assert!(message.contains("two files overlap"), "{message}");
}

#[test]
fn names_that_leave_their_folder_are_refused() {
    for name in [&b".."[..], b".", b"", b"a/b", b"/etc/passwd", b"a\0b"] {
        let message = refused(|index| index.paths[0].entries[2].name = name.into());
        assert!(message.contains("no file name"), "{message}");
    }
}

#[test]
fn an_entry_in_a_file_or_after_its_folder_is_refused() {
    for parent in [3, 7, u32::MAX] {
        let message = refused(|index| {
            index.paths[0].entries.push(Entry { parent, name: b"x".to_vec(), node: Node::Directory });
        });
        assert!(message.contains("an entry lies in no folder"), "{message}");
    }
}

#[test]
fn unsorted_or_repeated_names_are_refused() {
    let message = refused(|index| index.paths[0].entries[3].name = b"a".to_vec());
    assert!(message.contains("not sorted"), "{message}");
    let message = refused(|index| index.paths[1] = index.paths[0].clone());
    assert!(message.contains("or twice"), "{message}");
}

#[test]
fn a_frame_that_claims_too_much_is_refused() {
    assert!(refused(|index| index.layers[0].frames[1].tar_length = u32::MAX).contains("more than 4 MiB"));
}

#[test]
fn a_layer_that_is_larger_than_its_frames_is_refused() {
    assert!(refused(|index| index.layers[0].size += 1).contains("not the whole layer"));
    assert!(refused(|index| index.paths[2].layer = 7).contains("outside of its layer"));
}

#[test]
fn a_path_outside_the_store_is_refused() {
    let mut bytes = index().encode();
    let name = b"-libc-2.41";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at..at + name.len()].copy_from_slice(b"/../../etc");
    assert!(Index::decode(&bytes).unwrap_err().to_string().contains("is not a store path"));
}

/// Appends a section to an encoded index, moving the others along.
fn with_section(tag: &[u8; 4], flags: u32) -> Vec<u8> {
    let mut bytes = index().encode();
    let count = u32::from_le_bytes(bytes[12..16].try_into().unwrap());
    bytes[12..16].copy_from_slice(&(count + 1).to_le_bytes());
    let table_end = 16 + 24 * count as usize;
    for record in (16..table_end).step_by(24) {
        let field = record + 8..record + 16;
        let offset = u64::from_le_bytes(bytes[field.clone()].try_into().unwrap()) + 24;
        bytes[field].copy_from_slice(&offset.to_le_bytes());
    }
    let end = bytes.len() as u64 + 24;
    let record: Vec<u8> = [&tag[..], &flags.to_le_bytes(), &end.to_le_bytes(), &4u64.to_le_bytes()].concat();
    bytes.splice(table_end..table_end, record);
    bytes.extend_from_slice(b"data");
    bytes
}

#[test]
fn an_unknown_optional_section_is_ignored() {
    assert_eq!(Index::decode(&with_section(b"NEWS", 0)).unwrap(), index());
}

#[test]
fn an_unknown_required_section_is_refused() {
    let message = Index::decode(&with_section(b"NEWS", 1)).unwrap_err().to_string();
    assert!(message.contains("section NEWS is required, but unknown"), "{message}");
}

#[test]
fn a_section_that_stands_there_twice_is_refused() {
    assert!(Index::decode(&with_section(b"STRS", 1)).unwrap_err().to_string().contains("twice"));
}

#[test]
fn ten_million_entries_are_refused_before_they_are_read() {
    let mut bytes = index().encode();
    let at = bytes.len() as u64;
    bytes.resize(bytes.len() + 10_000_000 * 40, 0);
    let record = (16..).step_by(24).find(|at| &bytes[*at..*at + 4] == b"ENTR").unwrap();
    bytes[record + 8..record + 16].copy_from_slice(&at.to_le_bytes());
    bytes[record + 16..record + 24].copy_from_slice(&400_000_000u64.to_le_bytes());
    assert!(Index::decode(&bytes).unwrap_err().to_string().contains("too many"));
}

proptest! {
    #[test]
    fn no_bytes_panic(sections in 0u32..9, table: Vec<u8>) {
        let bytes = [&b"nix-seed"[..], &1u32.to_le_bytes(), &sections.to_le_bytes(), &table].concat();
        prop_assert!(Index::decode(&bytes).is_err());
    }

    #[test]
    fn no_change_of_an_index_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut: prop::sample::Index) {
        let mut bytes = index().encode();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Index::decode(&bytes);
        let _ = Index::decode(&bytes[..cut.index(bytes.len())]);
    }
}
