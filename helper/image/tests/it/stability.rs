//! How much of a seed changes when a store path does.

mod properties;
mod table;

use std::cmp::Ordering;

use nix_seed_image::partition::{PathSize, row_order, split};
use nix_seed_store::StorePath;

/// A store path with what matters to layers; in the order of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    path: StorePath,
    size: u64,
    /// How many others need it.
    needed_by: u64,
}

impl Held {
    /// The number stands for the hash in the base name.
    fn new(build: u64, name: &str, size: u64, needed_by: u64) -> Self {
        Self { path: StorePath::from_base_name(&format!("{build:032}-{name}")).unwrap(), size, needed_by }
    }

    fn named(&self, name: &str, size: u64) -> Self {
        let build: u64 = self.path.base_name()[..32].parse().unwrap();
        Self::new(build + 1, name, size, self.needed_by)
    }

    /// The same name from another derivation.
    fn rebuilt(&self, size: u64) -> Self {
        self.named(self.path.name(), size)
    }

    /// The next version: the last number of the version is one more.
    fn bumped(&self, size: u64) -> Self {
        let (package, version) = self.path.name().split_at(self.path.package().len());
        let is_digit = |c: char| c.is_ascii_digit();
        let Some(last) = version.rfind(is_digit) else { return self.rebuilt(size) };
        let (before, end) = version.split_at(last + 1);
        let number = before.trim_end_matches(is_digit).len();
        let next = before[number..].parse::<u64>().unwrap() + 1;
        self.named(&format!("{package}{}{next}{end}", &before[..number]), size)
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        row_order(&self.path, &other.path)
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The layers of a row.
fn partition(row: &[Held], allowance: usize) -> Vec<&[Held]> {
    let sizes: Vec<_> = row.iter().map(|held| PathSize { path: &held.path, size: held.size }).collect();
    split(&sizes, allowance).into_iter().map(|range| &row[range]).collect()
}

/// Those of `after` that are not in `before`. Neither holds anything twice.
fn new<T: PartialEq + Clone>(before: &[T], after: &[T]) -> Vec<T> {
    let is_same = |(one, other): &(&T, &T)| one == other;
    // Most is where it was: without a look at each pair, tests take a tenth of the time.
    let start = before.iter().zip(after).take_while(is_same).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(is_same).count();
    let before = &before[..before.len() - end];
    after[..after.len() - end].iter().filter(|item| !before.contains(item)).cloned().collect()
}

fn bytes<'a>(paths: impl IntoIterator<Item = &'a Held>) -> u64 {
    paths.into_iter().map(|held| held.size).sum()
}

#[test]
fn the_next_version_has_the_next_name() {
    for (name, next) in [("gcc-14.2.0", "gcc-14.2.1"), ("x-1.9-dev", "x-1.10-dev"), ("source", "source")] {
        assert_eq!(Held::new(0, name, 0, 0).bumped(0).path.name(), next);
    }
}
