//! The committed corpus, and the honest inputs, through the very functions that are fuzzed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that cannot go on fails")]

use std::path::Path;

use nix_seed_fuzz::TARGETS;

#[test]
fn honest_inputs_are_accepted() {
    for target in TARGETS {
        assert!((target.run)(&(target.honest)()), "{}", target.name);
    }
}

/// One test for each target, so that they run beside each other and a failure names its target.
macro_rules! replay {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            replay(stringify!($name));
        }
    )* };
}

replay!(graph index layer manifest metadata database derivation erofs statement bundle cfg report);

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let (mut accepted, mut refused) = (0, 0);
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        // Shown where it fails.
        println!("{}", path.display());
        match (target.run)(&std::fs::read(&path).unwrap()) {
            true => accepted += 1,
            false => refused += 1,
        }
    }
    assert!(
        accepted > 0 && refused > 0,
        "the corpus of {name} reaches only one end: {accepted} accepted, {refused} refused"
    );
}
