//! The seed made before an edit builds after it: hundreds of generated flakes, with real Nix.

use nix_seed_checks::commands::property::describe;
use nix_seed_checks::property::{self, Closure, World};

/// What fails shows a change of ours, so the cases are the same each time; `checks/property` looks for others.
const SEED: u64 = 1;
const CASES: u64 = 500;

/// As many seeds with only what outputs need directly are enough to show that a build can fail here.
const DIRECT: u64 = 50;

#[test]
fn generated_flakes_build_in_their_seed_after_any_edit() {
    let world = World::open(None).unwrap();
    let report = property::run(&world, SEED..SEED + CASES, Closure::Frontier, |_| ()).unwrap();
    println!("{}", describe(&report, SEED));
    assert_eq!(report.cases, 500);
    assert!(report.failures.is_empty(), "{}", describe(&report, SEED));

    let direct = property::run(&world, SEED..SEED + DIRECT, Closure::Direct, |_| ()).unwrap();
    let failed = direct.failures.len();
    println!("with closure = \"direct\", {failed} of {} flakes failed", direct.cases);
    let is_for_want = direct.failures.iter().all(|failure| failure.why.contains("which is not in the seed"));
    assert!(failed >= 5 && is_for_want, "{}", describe(&direct, SEED));
}
