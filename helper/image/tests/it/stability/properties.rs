//! What holds for every closure and every edit.

use std::ops::Range;

use nix_seed_image::partition::LAYER_MAX;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Held, bytes, new, partition};

/// From this size on a path ends its layer, whatever lies before it.
const LARGE: u64 = LAYER_MAX / 2;
const NO_LIMIT: usize = usize::MAX;

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 200u64..200_000, 6 => 200_000u64..6_000_000, 2 => 6_000_000u64..40_000_000]
}

fn name() -> impl Strategy<Value = String> {
    (0u32..5000, 0u32..9).prop_map(|(package, version)| format!("p{package}-{version}"))
}

/// Paths in the order of the row.
fn closure() -> impl Strategy<Value = Vec<Held>> {
    prop::collection::btree_map(name(), size(), 1..200).prop_map(|paths| {
        let mut row: Vec<_> = paths.iter().map(|(name, size)| Held::new(0, name, *size, 0)).collect();
        row.sort();
        row
    })
}

#[derive(Debug, Clone)]
enum Edit {
    Add(String, u64),
    Remove(Index),
    Rebuild(Index, u64),
    Bump(Index, u64),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (name(), size()).prop_map(|(name, size)| Edit::Add(name, size)),
        any::<Index>().prop_map(Edit::Remove),
        (any::<Index>(), size()).prop_map(|(at, size)| Edit::Rebuild(at, size)),
        (any::<Index>(), size()).prop_map(|(at, size)| Edit::Bump(at, size)),
    ]
}

impl Edit {
    fn apply(&self, row: &[Held]) -> Vec<Held> {
        let mut row = row.to_vec();
        let len = row.len();
        match self {
            // Another path of this name may be there already.
            Self::Add(name, size) => row.push(Held::new(7, name, *size, 0)),
            _ if len == 0 => {}
            Self::Remove(at) => drop(row.remove(at.index(len))),
            Self::Rebuild(at, size) => row[at.index(len)] = row[at.index(len)].rebuilt(*size),
            Self::Bump(at, size) => row[at.index(len)] = row[at.index(len)].bumped(*size),
        }
        row.sort();
        row.dedup_by(|a, b| a.path == b.path);
        row
    }
}

proptest! {
    #[test]
    fn edits_reach_from_the_layer_before_them_to_the_next_large_path(
        before in closure(),
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let after = edits.iter().fold(before.clone(), |row, edit| edit.apply(&row));
        let edited = [new(&before, &after), new(&after, &before)].concat();
        let neighbour = edited.iter().min().and_then(|first| after.iter().rfind(|held| *held < first));
        let barrier = edited.iter().max().and_then(|last| after.iter().find(|held| *held > last && held.size >= LARGE));
        let layers = partition(&after, NO_LIMIT);
        for layer in new(&partition(&before, NO_LIMIT), &layers) {
            prop_assert!(neighbour.is_none_or(|neighbour| layer.last() >= Some(neighbour)), "{layer:?}");
            prop_assert!(barrier.is_none_or(|barrier| layer.first() <= Some(barrier)), "{layer:?}");
        }
    }

    #[test]
    fn an_edit_in_one_place_changes_one_run_of_layers(before in closure(), edit in edit()) {
        // A new version may move past a neighbour: then there are two places.
        prop_assume!(!matches!(edit, Edit::Bump(..)));
        let after = edit.apply(&before);
        let old = partition(&before, NO_LIMIT);
        let changed: Vec<_> = partition(&after, NO_LIMIT).iter().map(|layer| !old.contains(layer)).collect();
        let runs = changed.chunk_by(|a, b| a == b).filter(|run| run[0]).count();
        prop_assert!(runs <= 1, "{changed:?}");
    }

    #[test]
    fn rebuilds_of_equal_size_change_the_layers_that_hold_them_and_no_other(
        before in closure(),
        at in prop::collection::vec(any::<Index>(), 1..10),
        allowance in prop_oneof![Just(NO_LIMIT), 1usize..20],
    ) {
        let mut after = before.clone();
        for at in at {
            let at = at.index(before.len());
            after[at] = before[at].rebuilt(before[at].size);
        }
        let (old, now) = (partition(&before, allowance), partition(&after, allowance));
        let holding = old.iter().filter(|layer| layer.iter().any(|held| !after.contains(held))).count();
        prop_assert_eq!(old.len(), now.len());
        prop_assert_eq!(new(&old, &now).len(), holding);
    }
}

/// Closures before and after so many edits; the same in each run.
pub(super) fn random_changes(count: usize, edits: Range<usize>) -> Vec<(Vec<Held>, Vec<Held>)> {
    let mut runner = TestRunner::deterministic();
    let changes = (closure(), prop::collection::vec(edit(), edits));
    let mut change = || {
        let (before, edits) = changes.new_tree(&mut runner).unwrap().current();
        let after = edits.iter().fold(before.clone(), |row, edit| edit.apply(&row));
        (before, after)
    };
    // Edits may undo each other.
    std::iter::repeat_with(&mut change).filter(|(before, after)| before != after).take(count).collect()
}

/// No bound holds for all: where no name ends a layer, cuts drift apart up to the end of the row. In the mean it is otherwise.
#[test]
fn an_edit_makes_hardly_more_than_one_layer_new() {
    const EDITS: usize = 500;
    let (mut layers, mut written, mut most) = (0, 0, 0);
    for (before, after) in random_changes(EDITS, 1..2) {
        let new = new(&partition(&before, NO_LIMIT), &partition(&after, NO_LIMIT));
        layers += new.len();
        most = most.max(new.len());
        written += bytes(new.into_iter().flatten());
    }
    assert!(layers * 10 <= EDITS * 13 && most <= 6, "{layers} layers, {most} at most");
    assert!(written / EDITS as u64 <= LAYER_MAX * 3 / 4, "{} bytes", written / EDITS as u64);
}
