//! Reasons in a whole seed: what a spec gives is in it, and no other bytes that mean the same.

use std::collections::HashMap;

use super::refusal;
use crate::common::{Store, spec};
use crate::encoded::{record, section, set};
use crate::forgery::Forgery;
use nix_seed_image::Error;
use nix_seed_image::image::{PathReason, Spec, write_image};
use nix_seed_image::index::{INDEX_PATH, Index};
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;

/// A seed with the reasons of [`small`], and its index as it stands in the metadata layer.
fn forgery() -> (Forgery, Vec<u8>) {
    let store = Store::small();
    let reasons = [("libc-2.41", &["a", "b"][..]), ("run", &["a", "c"]), ("link", &["a"])];
    let reasons = reasons.map(|(name, chain)| given(&store.path(name), chain));
    let image = store.image_of(&Spec { reasons: reasons.into(), ..spec() });
    let forgery = Forgery::of(store, image);
    let (_, index) = forgery.file(INDEX_PATH);
    (forgery, index)
}

#[test]
fn a_seed_with_other_bytes_that_mean_the_same_chains_is_refused() {
    type Lie = fn(&mut Vec<u8>);
    let lies: [Lie; 4] = [
        // Links in another order than chains meet them in.
        |index| {
            let links = section(index, b"LINK");
            index[links.start + 12..links.end].rotate_left(12);
            for (at, last) in [(1, 2), (3, 1)] {
                set(index, b"WHYS", at, last);
            }
        },
        // One of them twice: the third is the second again, and its own chain's the second path's.
        |index| {
            let links = section(index, b"LINK");
            index.copy_within(links.start + 12..links.start + 24, links.start + 24);
        },
        // A section that every reader has to know.
        |index| {
            let at = record(index, b"LINK").unwrap();
            index[at + 4] = 1;
        },
        // An empty section of either.
        |index| {
            for tag in [b"LINK", b"WHYS"] {
                let at = record(index, tag).unwrap();
                index[at + 16..at + 24].fill(0);
            }
        },
    ];
    for (number, lie) in lies.iter().enumerate() {
        let (mut forgery, mut index) = forgery();
        lie(&mut index);
        assert!(Index::decode(&index).is_ok(), "lie {number}: {}", refusal(&index));
        forgery.replace(INDEX_PATH, &index);
        let message = forgery.refused();
        assert!(message.contains("is not written as specified"), "lie {number}: {message}");
    }
}

#[test]
fn a_seed_whose_chains_lie_is_refused() {
    let (forgery, _) = forgery();
    forgery.write().verdict().unwrap();
    for (tag, at, number) in [(b"LINK", 3, 1), (b"WHYS", 1, 9), (b"WHYS", 1, 0), (b"WHYS", 0, 2)] {
        let (mut forgery, mut index) = self::forgery();
        set(&mut index, tag, at, number);
        forgery.replace(INDEX_PATH, &index);
        let error = forgery.write().verdict().unwrap_err();
        assert!(matches!(error, Error::Index { .. }), "{error}");
    }
}

fn given(path: &str, chain: &[&str]) -> PathReason {
    PathReason { path: path.into(), chain: chain.iter().map(ToString::to_string).collect() }
}

#[test]
fn reasons_are_known_to_the_image() {
    let store = Store::small();
    let [libc, run] = ["libc-2.41", "run"].map(|name| store.path(name));
    let spec = Spec {
        reasons: vec![
            given(&run, &["apps.run", "run.drv"]),
            given("/nix/store/11111111111111111111111111111111-not-in-the-image", &["apps.gone"]),
            given(&libc, &["Nix and its tools"]),
            given(&run, &["apps.other"]),
        ],
        ..spec()
    };
    let layout = Layout::open(&store.image_of(&spec)).unwrap();
    nix_seed_image::verify::verify(&layout).unwrap();
    let index = Seed::open(&layout).unwrap().index;
    let found: HashMap<_, _> = index
        .reasons
        .iter()
        .map(|reason| (index.paths[reason.path as usize].info.path.to_string(), reason.chain.join(" ")))
        .collect();
    assert_eq!(found, HashMap::from([(libc, "Nix and its tools".into()), (run, "apps.run run.drv".into())]));
}

#[test]
fn the_order_of_reasons_does_not_show() {
    let digest = |turn: usize| {
        let store = Store::small();
        let mut reasons = ["libc-2.41", "run", "link"].map(|name| given(&store.path(name), &["a", name]));
        reasons.rotate_left(turn);
        Layout::open(&store.image_of(&Spec { reasons: reasons.into(), ..spec() })).unwrap().digest()
    };
    assert_eq!(digest(0), digest(1));
}

#[test]
fn a_reason_that_no_reader_accepts_is_not_written() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let path = store.path("run");
    let refused = |path: &str, chain: &[&str]| {
        let spec = Spec { reasons: vec![given(path, chain)], ..spec() };
        write_image(&spec, std::slice::from_ref(&group), &tempfile::tempdir().unwrap().path().join("image"))
    };
    for (chain, why) in [(&[][..], "has no links"), (&["a", ""], "has an empty link")] {
        let error = refused(&path, chain).unwrap_err();
        assert!(matches!(error, Error::Chain { .. }) && error.to_string().contains(why), "{error}");
    }
    assert!(matches!(refused("run", &["a"]), Err(Error::Store(_))));
    let text = "x".repeat(513);
    for (chain, why) in [(vec!["a"; 1001], "has more than 1000 links"), (vec![&text], "has 513 bytes")] {
        let error = refused(&path, &chain).unwrap_err();
        assert!(matches!(error, Error::Limit { .. }) && error.to_string().contains(why), "{error}");
    }
    refused(&path, &vec![&text[..512]; 1000]).unwrap();
}
