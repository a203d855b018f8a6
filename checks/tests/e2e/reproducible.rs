//! The part of `checks/reproduce` that takes seconds: the seed's first group, which is Nix and its tools.

use nix_seed_checks::reproduce::by_hand::ByHand;
use nix_seed_checks::reproduce::recipe::Recipe;
use nix_seed_checks::reproduce::variant;

use crate::seed::Seed;

#[test]
fn the_helper_writes_the_same_under_all_circumstances() {
    let seed = Seed::of_example("hello");
    let by_hand = ByHand::new(&seed.workbench, Recipe::of_seed(&seed.workbench, seed.source(), 1).unwrap()).unwrap();
    let mut first = None;
    let mut reordered = 0;
    for variant in variant::ALL {
        let written = by_hand.write(&variant).unwrap_or_else(|error| panic!("{}: {error:#}", variant.name));
        assert_eq!(first.get_or_insert(written.digest.clone()), &written.digest, "{}", variant.name);
        reordered += written.reordered.map_or(0, |(differing, _)| differing);
    }
    assert!(reordered > 0, "no copy lists any folder in another order, so that nothing was shown");
}
