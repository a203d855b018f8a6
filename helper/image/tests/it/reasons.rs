//! Why paths are in a seed: as sections of the index, and every lie about it.

mod seed;

use std::collections::HashSet;

use crate::common::Store;
use crate::document::{document, rows, section as chapter};
use crate::encoded::{numbers, record, section, set};
use nix_seed_image::index::{Index, Reason};
use proptest::prelude::*;

/// What the first link of a chain names as the one before it.
const FIRST: u32 = u32::MAX;

pub(crate) fn reason(path: u32, chain: &[&str]) -> Reason {
    Reason { path, chain: chain.iter().map(ToString::to_string).collect() }
}

/// The index of the small store, without reasons.
fn index() -> Index {
    static INDEX: std::sync::LazyLock<Index> = std::sync::LazyLock::new(|| {
        let store = Store::small();
        let group = store.group("all", &store.closure, 2);
        Index::decode(&std::fs::read(group.join("index")).unwrap()).unwrap()
    });
    INDEX.clone()
}

fn with(reasons: Vec<Reason>) -> Vec<u8> {
    Index { reasons, ..index() }.encode()
}

fn refusal(encoded: &[u8]) -> String {
    Index::decode(encoded).unwrap_err().to_string()
}

/// Appends records to `WHYS`, the last section.
fn append(encoded: &mut Vec<u8>, records: &[[u32; 2]]) {
    let at = record(encoded, b"WHYS").unwrap() + 16;
    encoded.extend(records.iter().flatten().flat_map(|number| number.to_le_bytes()));
    let length = (section(encoded, b"WHYS").len() + 8 * records.len()) as u64;
    encoded[at..at + 8].copy_from_slice(&length.to_le_bytes());
}

/// Two chains that begin alike, and one that is the beginning of another.
fn small() -> Vec<u8> {
    with(vec![reason(0, &["a", "b"]), reason(1, &["a", "c"]), reason(2, &["a"])])
}

#[test]
fn what_chains_have_in_common_is_written_once() {
    let encoded = small();
    let links = numbers(&encoded, b"LINK");
    let before: Vec<_> = links.chunks(3).map(|link| link[0]).collect();
    assert_eq!(before, [FIRST, 0, 0]);
    assert_eq!(numbers(&encoded, b"WHYS"), [0, 1, 1, 2, 2, 0]);
    assert_eq!(Index::decode(&encoded).unwrap().encode(), encoded);
}

#[test]
fn without_reasons_the_sections_are_left_out() {
    let encoded = with(Vec::new());
    assert_eq!((record(&encoded, b"LINK"), record(&encoded, b"WHYS")), (None, None));
}

#[test]
fn a_reader_that_does_not_know_chains_may_ignore_them() {
    let encoded = small();
    for tag in [b"LINK", b"WHYS"] {
        let flags = record(&encoded, tag).unwrap() + 4;
        assert_eq!(encoded[flags..flags + 4], [0; 4]);
    }
}

#[test]
fn links_without_chains_and_chains_without_links_are_refused() {
    for tag in [b"LINK", b"WHYS"] {
        let mut encoded = small();
        let at = record(&encoded, tag).unwrap();
        encoded[at..at + 4].copy_from_slice(b"NEWS");
        let message = refusal(&encoded);
        assert!(message.contains("it has one of the sections LINK and WHYS, but not both"), "{message}");
    }
}

#[test]
fn links_that_make_a_circle_are_refused() {
    // Itself, each other, and one that is not there.
    for (link, before) in [(0, 0), (0, 1), (1, 1), (1, 2), (2, 7), (2, FIRST - 1)] {
        let mut encoded = small();
        set(&mut encoded, b"LINK", 3 * link, before);
        let message = refusal(&encoded);
        assert!(
            message.contains(&format!("link {link} follows one that does not stand before it")),
            "{link} {before}: {message}"
        );
    }
}

#[test]
fn a_link_that_no_chain_holds_is_refused() {
    let mut encoded = small();
    set(&mut encoded, b"WHYS", 1, 0);
    assert!(refusal(&encoded).contains("a link belongs to no chain"));
}

#[test]
fn a_chain_that_ends_nowhere_is_refused() {
    for last in [3, FIRST] {
        let mut encoded = small();
        set(&mut encoded, b"WHYS", 3, last);
        let message = refusal(&encoded);
        assert!(message.contains("-run ends in a link that does not exist"), "{message}");
    }
    assert!(refusal(&with(vec![reason(0, &[])])).contains("ends in a link that does not exist"));
}

#[test]
fn chains_of_no_path_out_of_order_or_twice_are_refused() {
    assert!(refusal(&with(vec![reason(3, &["a"])])).contains("a chain is of a path that does not exist"));
    for paths in [[1, 0], [1, 1]] {
        let message = refusal(&with(paths.map(|path| reason(path, &["a"])).to_vec()));
        assert!(message.contains("the chains are not sorted, or a path has two"), "{message}");
    }
}

#[test]
fn a_link_without_text_or_with_too_much_is_refused() {
    assert!(refusal(&with(vec![reason(0, &["a", "", "b"])])).contains("a link has no text"));
    let message = refusal(&with(vec![reason(0, &[&"x".repeat(513)])]));
    assert!(message.contains("a string has 513 bytes where at most 512 are allowed"), "{message}");
}

#[test]
fn a_link_that_is_no_text_is_refused() {
    let mut encoded = with(vec![reason(0, &["unlike-any-other"])]);
    let at = encoded.windows(16).position(|window| window == b"unlike-any-other").unwrap();
    encoded[at] = 0xff;
    assert!(refusal(&encoded).contains("a name that has to be text is not"));
}

fn long(links: usize, text: &str) -> Reason {
    Reason { path: 0, chain: vec![text.into(); links] }
}

#[test]
fn a_few_links_that_mean_much_text_are_refused() {
    let mut encoded = with(vec![long(1000, &"x".repeat(512))]);
    append(&mut encoded, &[[0, 999]; 600]);
    assert!(encoded.len() < 20_000);
    let message = refusal(&encoded);
    assert!(message.contains("its records name more than 256 MiB of strings"), "{message}");
}

#[test]
fn a_few_links_that_mean_many_are_refused() {
    let mut encoded = with(vec![long(1000, "x")]);
    append(&mut encoded, &vec![[0, 999]; 1_000_000]);
    let message = refusal(&encoded);
    assert!(message.contains("its chains together have more than 4194304 links"), "{message}");
}

#[test]
fn the_limits_of_chains_are_the_specified_ones() {
    let Some(document) = document() else { return };
    let limits = rows(chapter(&document, "## 6."));
    let limit = |what: &str| -> usize { limits.iter().find(|row| row[0] == what).unwrap()[1].parse().unwrap() };
    let most = limit("links of a chain");
    assert!(Index::decode(&with(vec![long(most, "x")])).is_ok());
    assert!(refusal(&with(vec![long(most + 1, "x")])).contains(&format!("has more than {most} links")));

    let all = limit("links of all chains together");
    let refused = |links: usize| {
        let mut encoded = with(vec![long(most, "x")]);
        append(&mut encoded, &vec![[0, most as u32 - 1]; links / most - 1]);
        append(&mut encoded, &[[0, (links % most) as u32 - 1]]);
        refusal(&encoded).contains(&format!("together have more than {all} links"))
    };
    assert!(!refused(all) && refused(all + 1));

    let sections = rows(chapter(&document, "### 5.1"));
    for tag in [b"LINK", b"WHYS"] {
        let name = format!("`{}`", tag.escape_ascii());
        let row = sections.iter().find(|row| row[0] == name).unwrap();
        let (size, most): (usize, usize) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        let refused = |records: usize| {
            let mut encoded = small();
            let (at, offset) = (record(&encoded, tag).unwrap() + 8, encoded.len());
            encoded.resize(offset + records * size, 0);
            encoded[at..at + 8].copy_from_slice(&(offset as u64).to_le_bytes());
            encoded[at + 8..at + 16].copy_from_slice(&((records * size) as u64).to_le_bytes());
            refusal(&encoded).contains("or too many")
        };
        assert!(!refused(most) && refused(most + 1), "{name}");
    }
}

#[test]
fn a_million_links_in_a_row_are_refused_before_they_are_a_chain() {
    let message = refusal(&with(vec![long(1_000_000, "x")]));
    assert!(message.contains("-libc-2.41 has more than 1000 links"), "{message}");
}

proptest! {
    #[test]
    fn chains_survive_and_share_what_they_have_in_common(
        chains in prop::collection::vec(prop::option::of(prop::collection::vec("[ab]{1,2}", 1..6)), 3)
    ) {
        let reasons: Vec<_> = (0..).zip(chains).filter_map(|(path, chain)| Some(Reason { path, chain: chain? })).collect();
        let encoded = with(reasons.clone());
        let decoded = Index::decode(&encoded).unwrap();
        prop_assert_eq!(&decoded.reasons, &reasons);
        prop_assert_eq!(decoded.encode(), &encoded[..]);
        if !reasons.is_empty() {
            let beginnings: HashSet<_> =
                reasons.iter().flat_map(|reason| (1..=reason.chain.len()).map(|length| &reason.chain[..length])).collect();
            prop_assert_eq!(numbers(&encoded, b"LINK").len(), 3 * beginnings.len());
        }
    }

    #[test]
    fn no_change_of_the_chains_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut encoded = small();
        // The last two sections.
        let start = section(&encoded, b"LINK").start;
        for (at, byte) in changes {
            let at = start + at.index(encoded.len() - start);
            encoded[at] = byte;
        }
        if let Ok(index) = Index::decode(&encoded) {
            prop_assert_eq!(Index::decode(&index.encode()).unwrap(), index);
        }
    }
}
