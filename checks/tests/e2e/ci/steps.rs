//! Steps, as somebody takes them by hand; and `init`, as its lists drift.

use super::*;

#[test]
fn init_tells_when_its_list_has_drifted() {
    let forge = Forge::open();
    let seed = forge.example.layout.display().to_string();
    let check = ["--seed", &seed, "--check"];
    // Found in the seed: what the flake reads besides its own files.
    let drifted = forge.init(&check);
    let baseline = drifted.code == Some(0);
    assert!(baseline || drifted.err.contains("lacks"), "{:?}: {}", drifted.code, drifted.err);
    let exists = forge.init(&["--seed", &seed, "--output", "packages.default"]);
    assert_eq!(exists.code, Some(5), "{}", exists.err);
    assert!(exists.err.contains("--force"), "{}", exists.err);
    assert_eq!(forge.init(&["--seed", &seed, "--force"]).code, Some(0));
    assert_eq!(forge.init(&check).code, Some(0));
    // Somebody takes a line out of one, and puts one into the other.
    edit(forge.example.source(), ".github/workflows/seed.yaml", "      - flake.lock\n", "").unwrap();
    edit(
        forge.example.source(),
        ".github/workflows/build.yaml",
        "      - flake.lock\n",
        "      - flake.lock\n      - README.md\n",
    )
    .unwrap();
    let drifted = forge.init(&check);
    assert_eq!(drifted.code, Some(5), "{}", drifted.err);
    assert!(drifted.err.contains("seed.yaml lacks flake.lock"), "{}", drifted.err);
    assert!(drifted.err.contains("build.yaml names README.md"), "{}", drifted.err);
}

#[test]
fn a_step_that_comes_too_early_says_what_comes_before_it() {
    let forge = Forge::open();
    let step = |arguments: &[&str]| said(forge.publisher.command(arguments).current_dir(forge.example.source()));
    let early = step(&["ci", "build"]);
    assert_eq!(early.code, Some(2), "{}", early.err);
    assert!(early.err.contains("nix-seed ci start"), "{}", early.err);
    let none = step(&["ci", "start", "--without-seed", "fail"]);
    assert_eq!(none.code, Some(6), "{}", none.err);
    let high = step(&["ci", "start", "--posture", "2"]);
    assert_eq!(high.code, Some(5), "{}", high.err);
    assert!(high.err.contains("level 1, and this job wants 2"), "{}", high.err);
    let nothing = step(&["ci", "summary"]);
    assert_eq!((nothing.code, &*nothing.out), (Some(0), ""), "{}", nothing.err);
    let elsewhere = said(forge.publisher.command(&["ci", "guard"]).current_dir("/"));
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.err);
}
