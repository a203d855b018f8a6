//! A real closure, each change of it, random ones, and other ways to lay it down: the table in DESIGN.md.

use std::cmp::Reverse;

use super::properties::random_changes;
use super::{Held, bytes, new, partition};
use crate::document::{repository, rows};

/// The closure that `checks/bench` writes. Of each path: name, compressed size, how many others need it, directly or not.
const CLOSURE: &str = include_str!("closure.txt");

/// What nixpkgs' dockerTools do with a layer for each of the most popular paths.
const OWN_LAYERS: usize = 99;

fn closure() -> Vec<Held> {
    let held = |line: &str| {
        let [name, size, needed_by] = <[&str; 3]>::try_from(line.split(' ').collect::<Vec<_>>()).unwrap();
        Held::new(0, name, size.parse().unwrap(), needed_by.parse().unwrap())
    };
    let mut row: Vec<_> = CLOSURE.lines().map(held).collect();
    row.sort();
    row
}

const RANDOM: &str = "random closures and edits";

/// A closure before and after a change.
type Change = (Vec<Held>, Vec<Held>);

fn changes() -> Vec<(&'static str, Vec<Change>)> {
    let all = &closure();
    let change = |places: &[usize], by: &dyn Fn(&Held) -> Held| {
        let mut row = all.clone();
        places.iter().for_each(|i| row[*i] = by(&all[*i]));
        row.sort();
        (all.clone(), row)
    };
    let each = |by: &dyn Fn(&Held) -> Held| (0..all.len()).map(|i| change(&[i], by)).collect::<Vec<_>>();
    let all_but = |i: usize| [&all[..i], &all[i + 1..]].concat();
    let larger = |held: &Held| held.bumped(held.size * 11 / 10);
    let mut largest: Vec<_> = (0..all.len()).collect();
    largest.sort_by_key(|i| Reverse(all[*i].size));
    // Spread over the row, as a new nixpkgs changes this and that.
    let ten = |first: usize| (0..10).map(|i| (first + i * all.len() / 10) % all.len()).collect::<Vec<_>>();
    vec![
        ("a new version, as large", each(&|held| held.bumped(held.size))),
        ("a new version, 10 % larger", each(&larger)),
        ("a new version, twice as large", each(&|held| held.bumped(held.size * 2))),
        ("a path more", (0..all.len()).map(|i| (all_but(i), all.clone())).collect()),
        ("a path less", (0..all.len()).map(|i| (all.clone(), all_but(i))).collect()),
        ("10 paths, 10 % larger", (0..all.len() / 10).map(|i| change(&ten(i), &larger)).collect()),
        ("the 10 largest, 10 % larger", vec![change(&largest[..10], &larger)]),
        (RANDOM, random_changes(500, 1..4)),
    ]
}

type Layers<'a> = Vec<Vec<&'a Held>>;

/// As a seed's group does, with as many layers as it likes.
fn seed(row: &[Held]) -> Layers<'_> {
    partition(row, usize::MAX).into_iter().map(|layer| layer.iter().collect()).collect()
}

fn one_layer(row: &[Held]) -> Layers<'_> {
    vec![row.iter().collect()]
}

/// As nixpkgs' dockerTools do: a layer for each of the most popular paths, and one for the others.
fn by_popularity(row: &[Held]) -> Layers<'_> {
    let mut popular: Vec<_> = row.iter().collect();
    // Stable: among equals, the order of the row.
    popular.sort_by_key(|held| Reverse(held.needed_by));
    let others = popular.split_off(OWN_LAYERS);
    popular.into_iter().map(|held| vec![held]).chain([others]).collect()
}

/// New layers, their bytes, and tenths of how many times as many these are as the bytes that changed.
fn cost((before, after): &Change, layers: fn(&[Held]) -> Layers<'_>) -> [u64; 3] {
    let new_layers = new(&layers(before), &layers(after));
    let written = bytes(new_layers.iter().flatten().copied());
    // What is gone has no new bytes: there it is the old ones.
    let changed = bytes(&new(before, after)).max(bytes(&new(after, before)));
    [new_layers.len() as u64, written, written * 10 / changed]
}

/// The median and the worst of all changes of a kind.
fn median_and_worst(costs: &[[u64; 3]], of: usize, show: fn(u64) -> String) -> String {
    let mut values: Vec<_> = costs.iter().map(|cost| cost[of]).collect();
    values.sort_unstable();
    format!("{}, {}", show(values[values.len() / 2]), show(values[values.len() - 1]))
}

fn table() -> Vec<Vec<String>> {
    let row = |(kind, changes): (&str, Vec<Change>)| {
        let mut row = vec![kind.to_owned()];
        // Nothing needs anything else in a random closure.
        let ways: &[fn(&[Held]) -> Layers<'_>] =
            if kind == RANDOM { &[seed, one_layer] } else { &[seed, one_layer, by_popularity] };
        for &layers in ways {
            let costs: Vec<_> = changes.iter().map(|change| cost(change, layers)).collect();
            if row.len() == 1 {
                row.push(median_and_worst(&costs, 0, |layers| layers.to_string()));
            }
            row.push(median_and_worst(&costs, 1, |bytes| (bytes / 1_000_000).to_string()));
            row.push(median_and_worst(&costs, 2, |tenths| match tenths {
                0..100 => format!("{}.{}", tenths / 10, tenths % 10),
                _ => (tenths / 10).to_string(),
            }));
        }
        row.resize(8, "–".into());
        row
    };
    changes().into_iter().map(row).collect()
}

#[test]
fn the_documented_table_is_what_changes_cost() {
    // A build of the helper has nothing but the helper's sources.
    let Ok(design) = std::fs::read_to_string(repository().join("DESIGN.md")) else { return };
    let all = closure();
    let group =
        format!("{} store paths, {} MB compressed, {} layers", all.len(), bytes(&all) / 1_000_000, seed(&all).len());
    assert!(design.contains(&group), "DESIGN.md does not say: {group}");
    let (_, documented) = design.split_once("| change ").unwrap();
    let documented: Vec<_> = rows(documented.split("\n\n").next().unwrap()).split_off(1);
    let computed = table();
    let shown: Vec<_> = computed.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
    assert_eq!(documented, computed, "DESIGN.md should have\n{}", shown.join("\n"));
}

#[test]
fn half_of_all_random_edits_make_less_than_ten_times_as_much_new_as_they_change() {
    let changes = random_changes(500, 1..4);
    let mut ratios: Vec<_> = changes.iter().map(|change| cost(change, seed)[2]).collect();
    ratios.sort_unstable();
    assert!(ratios[ratios.len() / 2] < 100, "{} tenths", ratios[ratios.len() / 2]);
}

#[test]
fn a_group_that_comes_to_need_a_layer_more_than_it_may_have_is_new_for_the_most_part() {
    let Ok(design) = std::fs::read_to_string(repository().join("DESIGN.md")) else { return };
    let allowance = seed(&closure()).len();
    let (_, changes) = changes().into_iter().find(|(kind, _)| kind.contains("twice")).unwrap();
    let is_mostly_new = |(before, after): &&Change| {
        let new_layers = new(&partition(before, allowance), &partition(after, allowance));
        bytes(new_layers.into_iter().flatten()) > bytes(after) / 2
    };
    let mostly_new = format!("{} of {}", changes.iter().filter(is_mostly_new).count(), changes.len());
    assert!(design.contains(&mostly_new), "DESIGN.md does not say: {mostly_new}");
}
