//! The order in which a start touched frames: as a section of the index, and every lie about it.

mod seed;

use crate::common::Store;
use crate::document::{document, rows, section as chapter};
use crate::encoded::{numbers, record, section, set};
use nix_seed_image::index::{FrameRef, Index};
use proptest::prelude::*;

/// The index of the small store, in two layers: frames 0 to 3, of which `libc` has two, and 4 to 7.
fn index() -> Index {
    static INDEX: std::sync::LazyLock<Index> = std::sync::LazyLock::new(|| {
        let store = Store::small();
        let closure =
            |named: &[&str]| store.closure.iter().filter(|info| named.contains(&info.path.name())).cloned().collect();
        let groups =
            [store.group("libc", &closure(&["libc-2.41"]), 2), store.group("rest", &closure(&["run", "link"]), 2)];
        let image = store.dir.path().join("image");
        nix_seed_image::image::write_image(&crate::common::spec(), &groups, &image).unwrap();
        let layout = nix_seed_image::layout::Layout::open(&image).unwrap();
        nix_seed_image::seed::Seed::open(&layout).unwrap().index
    });
    INDEX.clone()
}

fn at((layer, frame): (u32, u32)) -> FrameRef {
    FrameRef { layer, frame }
}

fn with(order: &[(u32, u32)]) -> Vec<u8> {
    Index { order: order.iter().copied().map(at).collect(), ..index() }.encode()
}

fn refusal(encoded: &[u8]) -> String {
    Index::decode(encoded).unwrap_err().to_string()
}

/// The frames of store paths, last first.
const ALL: [(u32, u32); 4] = [(1, 2), (1, 1), (0, 2), (0, 1)];

#[test]
fn an_order_is_positions_among_all_frames() {
    assert_eq!(index().layers.iter().map(|layer| layer.frames.len()).collect::<Vec<_>>(), [4, 4]);
    let encoded = with(&ALL);
    assert_eq!(numbers(&encoded, b"ORDR"), [6, 5, 2, 1]);
    let decoded = Index::decode(&encoded).unwrap();
    assert_eq!(decoded.order, ALL.map(at));
    assert_eq!(decoded.encode(), encoded);
    for (found, (layer, frame)) in decoded.order.iter().zip(ALL) {
        assert_eq!(decoded.frame(*found), Some(&decoded.layers[layer as usize].frames[frame as usize]));
    }
    assert_eq!((decoded.frame(at((0, 4))), decoded.frame(at((2, 0)))), (None, None));
}

#[test]
fn without_an_order_the_section_is_left_out() {
    assert_eq!(record(&with(&[]), b"ORDR"), None);
}

#[test]
fn a_reader_that_does_not_know_the_order_may_ignore_it() {
    let encoded = with(&ALL);
    let flags = record(&encoded, b"ORDR").unwrap() + 4;
    assert_eq!(encoded[flags..flags + 4], [0; 4]);
}

#[test]
fn frames_that_do_not_exist_are_refused() {
    for position in [8, 9, u32::MAX - 1, u32::MAX] {
        let mut encoded = with(&ALL);
        set(&mut encoded, b"ORDR", 1, position);
        assert!(refusal(&encoded).contains("the order has a frame that does not exist"), "{position}");
    }
    // One behind a layer's last is not the next layer's first.
    for lie in [(0, 4), (0, 5), (1, 4), (2, 1), (u32::MAX, 1), (0, u32::MAX)] {
        assert!(refusal(&with(&[lie])).contains("the order has a frame that does not exist"), "{lie:?}");
    }
    let order = vec![at((0, 0))];
    let nothing = Index { order, ..Index::default() }.encode();
    assert!(refusal(&nothing).contains("the order has a frame that does not exist"));
}

#[test]
fn frames_of_no_store_path_are_refused() {
    for position in [0, 3, 4, 7] {
        let mut encoded = with(&ALL);
        set(&mut encoded, b"ORDR", 3, position);
        assert!(refusal(&encoded).contains("the order has a frame of no store path"), "{position}");
    }
}

#[test]
fn a_frame_that_stands_there_twice_is_refused() {
    for order in [&[(0, 1), (0, 1)][..], &[(1, 2), (0, 1), (1, 1), (1, 2)]] {
        assert!(refusal(&with(order)).contains("a frame stands in the order twice"), "{order:?}");
    }
}

#[test]
fn a_record_that_is_cut_is_refused() {
    let mut encoded = with(&ALL);
    let length = record(&encoded, b"ORDR").unwrap() + 16;
    encoded[length] -= 1;
    let message = refusal(&encoded);
    assert!(message.contains("section ORDR has 15 bytes: not whole records, or too many"), "{message}");
}

#[test]
fn the_section_has_the_specified_place_and_limit() {
    let Some(document) = document() else { return };
    let sections = rows(chapter(&document, "### 5.1"));
    let row = sections.iter().find(|row| row[0] == "`ORDR`").unwrap();
    let (size, most): (usize, usize) = (row[1].parse().unwrap(), row[2].parse().unwrap());
    let frames = sections.iter().find(|row| row[0] == "`FRAM`").unwrap();
    assert_eq!(row[2], frames[2], "as many as there are frames");
    let refused = |records: usize| {
        let mut encoded = with(&ALL);
        let (at, offset) = (record(&encoded, b"ORDR").unwrap() + 8, encoded.len());
        encoded.resize(offset + records * size, 0);
        encoded[at..at + 8].copy_from_slice(&(offset as u64).to_le_bytes());
        encoded[at + 8..at + 16].copy_from_slice(&((records * size) as u64).to_le_bytes());
        refusal(&encoded).contains("or too many")
    };
    assert!(!refused(most) && refused(most + 1));
    // The last of all.
    let index = Index { order: vec![at((0, 1))], reasons: vec![crate::reasons::reason(0, &["a"])], ..index() };
    let encoded = index.encode();
    assert_eq!(section(&encoded, b"WHYS").end, section(&encoded, b"ORDR").start);
    assert_eq!(section(&encoded, b"ORDR").end, encoded.len());
}

proptest! {
    #[test]
    fn any_order_of_any_frames_survives(order in Just(ALL.to_vec()).prop_shuffle(), length in 0..=ALL.len()) {
        let encoded = with(&order[..length]);
        let decoded = Index::decode(&encoded).unwrap();
        prop_assert_eq!(decoded.order.iter().map(|at| (at.layer, at.frame)).collect::<Vec<_>>(), &order[..length]);
        prop_assert_eq!(decoded.encode(), encoded);
    }

    #[test]
    fn no_change_of_the_order_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut encoded = with(&ALL);
        let start = section(&encoded, b"ORDR").start;
        for (at, byte) in changes {
            let at = start + at.index(encoded.len() - start);
            encoded[at] = byte;
        }
        if let Ok(index) = Index::decode(&encoded) {
            prop_assert_eq!(index.encode(), encoded);
        }
    }
}
