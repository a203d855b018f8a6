//! What is in a seed: between the least and the most, and nothing that a build needs could be left out.

use nix_seed_checks::closures::proof::Verdict;
use nix_seed_checks::closures::roots::Class;
use nix_seed_checks::closures::{Closures, measure};
use nix_seed_checks::seed::flake::Workbench;

fn is_minimal(example: &str) -> Closures {
    let found = measure(&Workbench::open().unwrap(), example).unwrap();
    assert!(found.is_between && found.least.bytes <= found.frontier.bytes && found.frontier.bytes <= found.full.bytes);
    assert_eq!(found.not_built, 0);
    let removed: u64 = found.removable.iter().map(|removable| removable.size.bytes).sum();
    assert_eq!(found.frontier.bytes - removed, found.least.bytes);
    // All that is removable at once, results of the flake's own derivations among it.
    assert!(found.least_suffices);
    let results = found.removable.iter().find(|removable| removable.class == Class::Result).unwrap();
    assert!(results.size.paths > 0, "{example} has own derivations");

    let of = |class| found.roots.iter().filter(move |judged| judged.root.class == class);
    assert_eq!(of(Class::Unknown).count(), 0);
    assert!(of(Class::Needed).all(|judged| match judged.verdict {
        Verdict::Indispensable => judged.alone.paths > 0,
        // Kept by what is indispensable.
        Verdict::Within => judged.alone.paths == 0,
        _ => false,
    }));
    assert!(of(Class::Needed).any(|judged| judged.verdict == Verdict::Indispensable));
    let unread: Vec<_> = found.unread.iter().map(|unread| &*unread.input).collect();
    assert_eq!(unread, ["nix-seed"]);
    found
}

#[test]
fn crane_has_nothing_that_its_builds_do_not_need() {
    let found = is_minimal("crane");
    assert!(!found.direct_is_complete);
}

#[test]
fn shapes_have_nothing_that_their_builds_do_not_need() {
    let found = is_minimal("shapes");
    assert!(!found.direct_is_complete);
}
