//! The order in a whole seed: what a recording means is in it, and nothing else of the seed is touched.

use std::path::PathBuf;

use crate::common::{Store, spec};
use crate::encoded::{record, section, set};
use crate::forgery::Forgery;
use nix_seed_image::Error;
use nix_seed_image::image::{Spec, write_image};
use nix_seed_image::index::{INDEX_PATH, Index};
use nix_seed_image::layout::Layout;
use nix_seed_image::seed::Seed;
use nix_seed_image::summary::Summary;
use nix_seed_image::verify::verify;

/// What a start of the small store touched: of `libc` the second frame, `run`, then the first.
fn recording(store: &Store) -> PathBuf {
    let [libc, run] = ["libc-2.41", "run"].map(|name| store.path(name).replace("/nix/store/", ""));
    let item = |path: &str, frames: [u32; 2]| serde_json::json!({ "path": path, "frames": [frames] });
    let touched = [item(&libc, [1, 2]), item(&run, [0, 1]), item(&libc, [0, 9])];
    let file = store.dir.path().join("recording.json");
    std::fs::write(&file, serde_json::json!({ "version": 1, "touched": touched }).to_string()).unwrap();
    file
}

fn recorded() -> (Forgery, Vec<u8>) {
    let store = Store::small();
    let image = store.image_of(&Spec { recording: Some(recording(&store)), ..spec() });
    let forgery = Forgery::of(store, image);
    let (_, index) = forgery.file(INDEX_PATH);
    (forgery, index)
}

fn open(image: &std::path::Path) -> (Layout, Index) {
    let layout = Layout::open(image).unwrap();
    verify(&layout).unwrap();
    let index = Seed::open(&layout).unwrap().index;
    (layout, index)
}

#[test]
fn a_recording_changes_the_metadata_layer_alone() {
    let plain = Store::small();
    let (before, _) = open(&plain.image());
    let (forgery, _) = recorded();
    let (after, index) = open(&forgery.image);
    let frames: Vec<_> = index.order.iter().map(|at| (at.layer, at.frame)).collect();
    // The row of the only layer is libc, link, run.
    assert_eq!(frames, [(0, 2), (0, 4), (0, 1)]);

    let layers = |layout: &Layout| -> Vec<_> {
        layout.documents.manifest.layers().iter().map(|layer| layer.digest().to_string()).collect()
    };
    let (before_layers, after_layers) = (layers(&before), layers(&after));
    assert_eq!(before_layers.len(), 2);
    assert_eq!(before_layers[0], after_layers[0]);
    assert_ne!(before_layers[1], after_layers[1]);

    let sum: u32 = index.order.iter().map(|at| index.frame(*at).unwrap().length).sum();
    let order = Summary::read(&after).unwrap().order.unwrap();
    assert_eq!((order.frames, order.compressed_size), (3, sum.into()));
    assert!(Summary::read(&before).unwrap().order.is_none());
}

#[test]
fn equal_recordings_give_equal_seeds() {
    let [one, other] = [(); 2].map(|()| Layout::open(&recorded().0.image).unwrap().digest());
    assert_eq!(one, other);
}

#[test]
fn a_recording_that_means_nothing_leaves_the_seed_as_it_is() {
    let (plain, store) = (Store::small(), Store::small());
    let file = store.dir.path().join("recording.json");
    std::fs::write(
        &file,
        r#"{"version":1,"touched":[{"path":"11111111111111111111111111111111-gone","frames":[[0,1]]}]}"#,
    )
    .unwrap();
    let image = store.image_of(&Spec { recording: Some(file), ..spec() });
    assert_eq!(Layout::open(&image).unwrap().digest(), Layout::open(&plain.image()).unwrap().digest());
}

#[test]
fn what_is_no_recording_is_not_taken() {
    let store = Store::small();
    let group = store.group("all", &store.closure, 2);
    let file = store.dir.path().join("recording.json");
    let write = || {
        let spec = Spec { recording: Some(file.clone()), ..spec() };
        write_image(&spec, std::slice::from_ref(&group), &tempfile::tempdir().unwrap().path().join("image"))
    };
    assert!(matches!(write(), Err(Error::Io { .. })));
    std::fs::write(&file, "{}").unwrap();
    let error = write().unwrap_err();
    assert!(matches!(error, Error::Recording { .. }), "{error}");
    assert!(error.to_string().contains("doc/recording.md"), "{error}");
}

#[test]
fn a_seed_with_other_bytes_that_mean_the_same_order_is_refused() {
    type Lie = fn(&mut Vec<u8>);
    let lies: [Lie; 3] = [
        // A section that every reader has to know.
        |index| {
            let at = record(index, b"ORDR").unwrap();
            index[at + 4] = 1;
        },
        // An empty one.
        |index| {
            let at = record(index, b"ORDR").unwrap();
            index[at + 16..at + 24].fill(0);
        },
        // Less of it: what is left of the section belongs to none.
        |index| {
            let (at, order) = (record(index, b"ORDR").unwrap(), section(index, b"ORDR"));
            index[at + 8..at + 16].copy_from_slice(&(order.start as u64 + 4).to_le_bytes());
            index[at + 16..at + 24].copy_from_slice(&(order.len() as u64 - 4).to_le_bytes());
        },
    ];
    for (number, lie) in lies.iter().enumerate() {
        let (mut forgery, mut index) = recorded();
        lie(&mut index);
        Index::decode(&index).unwrap_or_else(|error| panic!("lie {number}: {error}"));
        forgery.replace(INDEX_PATH, &index);
        let message = forgery.refused();
        assert!(message.contains("is not written as specified"), "lie {number}: {message}");
    }
}

#[test]
fn a_seed_whose_order_lies_is_refused() {
    for (at, position) in [(0, 0), (0, 6), (1, 2), (2, u32::MAX)] {
        let (mut forgery, mut index) = recorded();
        set(&mut index, b"ORDR", at, position);
        forgery.replace(INDEX_PATH, &index);
        let error = forgery.write().verdict().unwrap_err();
        assert!(matches!(error, Error::Index { .. }), "{error}");
    }
}
