use std::collections::BTreeMap;

use nix_seed_image::index::{FrameRef, Index};
use nix_seed_image::recording::Recording;
use nix_seed_store::StorePath;
use proptest::prelude::*;

use super::{index, path, recording};

/// What `touched` means in a seed of one layer with these paths, by name and frame of the path.
fn means(paths: &[(StorePath, u32)], touched: &[(&StorePath, &[(u32, u32)])]) -> Vec<String> {
    let index = index(&[paths.to_vec()]);
    let order = recording(touched).resolve(&index);
    let name = |at: &FrameRef| {
        let owner = index.paths.iter().find(|path| path.layer == at.layer && path.frames.contains(&at.frame)).unwrap();
        format!(
            "{}{} {}",
            &owner.info.path.base_name()[..1],
            &owner.info.path.base_name()[32..],
            at.frame - owner.frames.start
        )
    };
    order.iter().map(name).collect()
}

#[test]
fn a_path_of_the_same_hash_is_meant_first() {
    let [same, other] = ['1', '2'].map(|digit| path(digit, "source"));
    let seed = [(other, 2), (same.clone(), 2)];
    assert_eq!(means(&seed, &[(&same, &[(1, 2), (0, 1)])]), ["1-source 1", "1-source 0"]);
}

#[test]
fn then_all_of_the_same_name() {
    let gone = path('0', "source");
    let seed = [(path('2', "source"), 1), (path('1', "source"), 2), (path('1', "sources"), 1)];
    assert_eq!(means(&seed, &[(&gone, &[(0, 2)])]), ["1-source 0", "1-source 1", "2-source 0"]);
}

#[test]
fn what_is_recorded_itself_takes_nobodys_place() {
    let [here, gone, new] = ['1', '2', '3'].map(|digit| path(digit, "source"));
    let seed = [(here.clone(), 2), (new, 2)];
    assert_eq!(means(&seed, &[(&gone, &[(0, 1)]), (&here, &[(1, 2)])]), ["3-source 0", "1-source 1"]);
}

#[test]
fn then_the_only_one_of_the_same_package() {
    let gone = path('0', "git-2.47.2");
    assert_eq!(
        means(&[(path('1', "git-2.47.3"), 1), (path('1', "gitea-1"), 1)], &[(&gone, &[(0, 1)])]),
        ["1-git-2.47.3 0"]
    );
    let two = [(path('1', "git-2.47.3"), 1), (path('1', "git-2.48.0"), 1)];
    assert!(means(&two, &[(&gone, &[(0, 1)])]).is_empty());
    assert!(means(&[(path('1', "gitea-1"), 1)], &[(&gone, &[(0, 1)])]).is_empty());
}

#[test]
fn of_several_outputs_of_a_package_the_same_one_is_meant() {
    let seed = ["glibc-2.42", "glibc-2.42-bin", "glibc-2.42-dev"].map(|name| (path('1', name), 1));
    for (gone, meant) in [("", "1-glibc-2.42 0"), ("-bin", "1-glibc-2.42-bin 0"), ("-dev", "1-glibc-2.42-dev 0")] {
        let gone = path('0', &format!("glibc-2.41{gone}"));
        assert_eq!(means(&seed, &[(&gone, &[(0, 1)])]), [meant]);
    }
    assert!(means(&seed, &[(&path('0', "glibc-2.41-static"), &[(0, 1)])]).is_empty());
}

#[test]
fn frames_that_are_gone_or_come_again_are_left_out() {
    let app = path('1', "app");
    let touched: [(&StorePath, &[(u32, u32)]); 3] =
        [(&app, &[(1, 9), (0, 2)]), (&app, &[(0, u32::MAX)]), (&app, &[(7, 9), (u32::MAX - 1, u32::MAX)])];
    assert_eq!(means(&[(app.clone(), 3)], &touched), ["1-app 1", "1-app 2", "1-app 0"]);
}

#[test]
fn frames_of_no_store_path_are_not_recorded() {
    let index = index(&[vec![(path('1', "a"), 2)], vec![(path('2', "b"), 1)]]);
    let order = [(0, 3), (0, 1), (0, 0), (7, 1), (0, 2), (1, 0), (1, 1), (1, 2)];
    let found = Recording::of(&index, &order.map(|(layer, frame)| FrameRef { layer, frame }));
    assert_eq!(found, recording(&[(&path('1', "a"), &[(0, 2)]), (&path('2', "b"), &[(0, 1)])]));
}

/// Few names and hashes, so that some are the same, some have heirs, and some are gone.
fn paths() -> impl Strategy<Value = StorePath> {
    let name = prop_oneof!["[ab]", "[ab]-[1-3]", "[ab]-[1-3]-(bin|dev)"];
    (prop::sample::select(vec!['0', '1', '2']), name).prop_map(|(digit, name)| path(digit, &name))
}

/// A seed of one to three layers.
fn seeds() -> impl Strategy<Value = Index> {
    prop::collection::btree_map(paths(), (0usize..3, 1u32..4), 1..20).prop_map(|paths: BTreeMap<_, (usize, u32)>| {
        let mut layers = vec![Vec::new(); 3];
        for (path, (layer, frames)) in paths {
            layers[layer].push((path, frames));
        }
        layers.retain(|layer| !layer.is_empty());
        index(&layers)
    })
}

fn frames(index: &Index) -> Vec<FrameRef> {
    let of = |path: &nix_seed_image::index::SeedPath| {
        let layer = path.layer;
        path.frames.clone().map(move |frame| FrameRef { layer, frame })
    };
    index.paths.iter().flat_map(of).collect()
}

proptest! {
    #[test]
    fn in_the_same_seed_just_what_was_touched_is_meant(
        (index, order) in seeds().prop_flat_map(|index| {
            let frames = frames(&index);
            let order = (Just(frames.clone()).prop_shuffle(), 0..=frames.len());
            (Just(index), order.prop_map(|(frames, length)| frames[..length].to_vec()))
        })
    ) {
        let recording = Recording::of(&index, &order);
        prop_assert_eq!(&recording.resolve(&index), &order);
        let read = Recording::parse(&recording.to_json()).unwrap();
        prop_assert_eq!(read.resolve(&index), order);
    }

    #[test]
    fn in_any_other_it_is_an_order(
        index in seeds(),
        touched in prop::collection::vec((paths(), prop::collection::vec((0u32..6, 1u32..6), 1..4)), 0..12)
    ) {
        let touched: Vec<(_, Vec<_>)> = touched.into_iter()
            .map(|(path, frames)| (path, frames.into_iter().map(|(start, length)| (start, start + length)).collect()))
            .collect();
        let touched: Vec<_> = touched.iter().map(|(path, frames)| (path, &frames[..])).collect();
        let recording = recording(&touched);
        let order = recording.resolve(&index);
        // The check of the index knows the rules: each exists, is a path's, and stands there once.
        let ordered = Index { order: order.clone(), ..index.clone() };
        prop_assert_eq!(Index::decode(&ordered.encode()).unwrap(), ordered);
        // Whatever has the very path is meant.
        for (path, ranges) in &touched {
            let Some(own) = index.paths.iter().find(|own| own.info.path == **path) else { continue };
            for frame in ranges.iter().flat_map(|(start, end)| *start..*end).filter(|frame| *frame < own.frames.len() as u32) {
                let at = FrameRef { layer: own.layer, frame: own.frames.start + frame };
                prop_assert!(order.contains(&at));
            }
        }
        // It means the same when it is made of what it means.
        prop_assert_eq!(Recording::of(&index, &order).resolve(&index), order);
    }
}
