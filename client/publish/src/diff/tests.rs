//! Seeds of a few packages, as they change.

use nix_seed_image::Frame;
use nix_seed_image::index::{self, SeedPath};
use nix_seed_store::{PathInfo, Sha256Hash};

use super::*;

/// A package in a test: base name without the hash's zeros ("1-gcc-14"), what it refers to, its compressed length.
type Row<'a> = (&'a str, &'a [&'a str], u32);

fn store_path(short: &str) -> StorePath {
    let (hash, name) = short.split_once('-').unwrap();
    StorePath::from_base_name(&format!("{hash:0>32}-{name}")).unwrap()
}

/// Layers of paths; the number names the layer's content.
fn index_of(layers: &[(u8, &[Row<'_>])]) -> Index {
    let mut index = Index::default();
    for (at, (content, rows)) in layers.iter().enumerate() {
        let hash = Sha256Hash([*content; 32]);
        let mut frames = vec![Frame { offset: 0, length: 10, tar_length: 1024, sha256: hash }];
        for (short, references, length) in *rows {
            let number = frames.len() as u32;
            frames.push(Frame {
                offset: frames[frames.len() - 1].end(),
                length: *length,
                tar_length: 512,
                sha256: hash,
            });
            let mut references: Vec<_> = references.iter().map(|short| store_path(short)).collect();
            references.sort();
            let info = PathInfo { path: store_path(short), nar_hash: hash, nar_size: 1, references, ca: None };
            index.paths.push(SeedPath { info, layer: at as u32, frames: number..number + 1, entries: vec![] });
        }
        let size = frames[frames.len() - 1].end();
        index.layers.push(index::Layer {
            group: format!("g{at}"),
            digest: hash,
            size,
            diff_id: hash,
            tar_size: 0,
            frames,
        });
    }
    index.paths.sort_by(|a, b| a.info.path.cmp(&b.info.path));
    index
}

fn metadata(content: u8, size: u64) -> Layer {
    Layer { digest: format!("sha256:{}", Sha256Hash([content; 32]).hex()), group: "metadata".into(), size }
}

fn lines(diff: &Diff) -> Vec<String> {
    let what = |what: &What| format!("{} {}→{}", what.package, what.from, what.to);
    let line = |change: &Change| {
        let because: Vec<_> = change.because.iter().map(what).collect();
        format!("{:?} {} ({}) {because:?}", change.kind, what(&change.what), change.bytes)
    };
    diff.changes.iter().map(line).collect()
}

#[test]
fn a_seed_is_no_different_from_itself() {
    let index = index_of(&[(1, &[("1-a-1", &[], 100)])]);
    let diff = between((&index, &metadata(9, 50)), (&index, &metadata(9, 50)));
    assert_eq!((diff.bytes(), diff.layers_missing, diff.changes.len()), (0, Layers::default(), 0));
    assert_eq!((diff.kept, diff.layers_kept), (Paths { paths: 1, bytes: 100 }, Layers { layers: 2, bytes: 160 }));
}

#[test]
fn a_bump_says_what_is_fetched_and_why() {
    let a = index_of(&[
        (1, &[("1-libc-2.40", &[], 100)]),
        (
            2,
            &[
                ("2-zlib-1.3", &["1-libc-2.40"], 20),
                ("3-tool-1", &["2-zlib-1.3", "1-libc-2.40"], 30),
                ("4-old-1", &[], 5),
            ],
        ),
    ]);
    let b = index_of(&[
        (1, &[("1-libc-2.40", &[], 100)]),
        (
            3,
            &[
                ("5-zlib-1.3.1", &["1-libc-2.40"], 21),
                ("6-tool-1", &["5-zlib-1.3.1", "6-tool-1", "1-libc-2.40"], 31),
                ("7-app", &["6-tool-1"], 7),
                ("8-extra-2", &[], 40),
            ],
        ),
    ]);
    let diff = between((&a, &metadata(8, 50)), (&b, &metadata(9, 60)));
    assert_eq!(
        (diff.kept, diff.missing, diff.gone),
        (Paths { paths: 1, bytes: 100 }, Paths { paths: 4, bytes: 99 }, 3)
    );
    assert_eq!(diff.bytes(), 159);
    assert_eq!(diff.layers_kept, Layers { layers: 1, bytes: 110 });
    assert_eq!(diff.layers_missing, Layers { layers: 2, bytes: 109 + 60 });
    assert_eq!(diff.layers.iter().map(|layer| &*layer.group).collect::<Vec<_>>(), ["g1", "metadata"]);
    assert_eq!(
        lines(&diff),
        [
            "Updated zlib 1.3→1.3.1 (21) []",
            "New extra →2 (40) []",
            "New app → (7) []",
            r#"Rebuilt tool 1→1 (31) ["zlib 1.3→1.3.1"]"#,
            "Gone old 1→ (0) []",
        ]
    );
}

#[test]
fn a_change_far_below_is_the_cause_of_all_above() {
    let [old_libc, old_zlib, old_app] = ["1-libc-1", "2-zlib-1", "3-app-1"];
    let [libc, zlib, app] = ["4-libc-2", "5-zlib-1", "6-app-1"];
    let a = index_of(&[(1, &[(old_libc, &[], 1), (old_zlib, &[old_libc], 1), (old_app, &[old_zlib], 1)])]);
    let b = index_of(&[(2, &[(libc, &[], 1), (zlib, &[libc], 1), (app, &[zlib], 1)])]);
    let diff = between((&a, &metadata(8, 1)), (&b, &metadata(9, 1)));
    assert_eq!(
        lines(&diff),
        ["Updated libc 1→2 (1) []", r#"Rebuilt app 1→1 (1) ["libc 1→2"]"#, r#"Rebuilt zlib 1→1 (1) ["libc 1→2"]"#]
    );
}

#[test]
fn outputs_of_a_package_are_one_change() {
    let a = index_of(&[(1, &[("1-gcc-14.2.0", &[], 10), ("2-gcc-14.2.0-lib", &[], 20)])]);
    let b = index_of(&[(2, &[("3-gcc-14.3.0", &["4-gcc-14.3.0-lib"], 11), ("4-gcc-14.3.0-lib", &[], 22)])]);
    let diff = between((&a, &metadata(8, 1)), (&b, &metadata(9, 1)));
    assert_eq!(lines(&diff), ["Updated gcc 14.2.0→14.3.0 (33) []"]);
    assert_eq!((diff.changes[0].added.len(), diff.changes[0].removed.len()), (2, 2));
}

#[test]
fn what_was_rebuilt_for_no_visible_reason_has_no_cause() {
    let a = index_of(&[(1, &[("1-a-1", &[], 1), ("2-b-1", &["1-a-1"], 1)])]);
    let b = index_of(&[(2, &[("3-a-1", &[], 1), ("4-b-1", &["3-a-1"], 1)])]);
    let diff = between((&a, &metadata(8, 1)), (&b, &metadata(9, 1)));
    assert_eq!(lines(&diff), ["Rebuilt a 1→1 (1) []", r#"Rebuilt b 1→1 (1) ["a 1→1"]"#]);
}
