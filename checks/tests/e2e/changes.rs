//! What changes a seed, and what does not.

use nix_seed_checks::seed::layout::Layout;

use crate::seed::Seed;

fn digest(seed: &Seed) -> String {
    let layout = seed.workbench.build(seed.source(), "seed").unwrap();
    Layout::open(&layout).unwrap().manifest_digest
}

#[test]
fn editing_sources_leaves_the_digest() {
    let seed = Seed::of_example("c");
    let before = digest(&seed);
    seed.edit("greet/main.c", "nobody", "somebody");
    seed.edit("libgreet/greet.h", "#", "\n#");
    std::fs::write(seed.source().join("greet/new.c"), "int answer = 42;\n").unwrap();
    assert_eq!(digest(&seed), before);

    let seed = Seed::of_example("python");
    let before = digest(&seed);
    seed.edit("src/wordcount/__main__.py", "print(times, word)", "print(word, times)");
    seed.edit("tests/test_count.py", "Stop!", "Stop.");
    assert_eq!(digest(&seed), before);
}

#[test]
fn a_new_dependency_changes_the_digest_and_is_in_the_seed() {
    let seed = Seed::of_example("c");
    let before = Layout::open(&seed.layout).unwrap();
    seed.edit("flake.nix", "buildInputs = [ packages.libgreet ];", "buildInputs = [ packages.libgreet pkgs.zlib ];");
    let layout = seed.workbench.build(seed.source(), "seed").unwrap();
    let after = Layout::open(&layout).unwrap();
    assert_ne!(after.manifest_digest, before.manifest_digest);
    // What was there keeps its layers: only the program's own and the metadata differ.
    let new = after.layers().unwrap().len() - shared(&before, &after);
    assert!(new <= 2, "{new} layers are new");
    let image = seed.podman.load(&layout).unwrap();
    let image = nix_seed_checks::seed::container::Container::Image(image);
    seed.run_in(&image, &["nix", "build", "/src"]);
}

/// How many layers two images have in common.
fn shared(one: &Layout, other: &Layout) -> usize {
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_owned();
    let layers: Vec<_> = one.layers().unwrap().iter().map(name).collect();
    other.layers().unwrap().iter().filter(|layer| layers.contains(&name(layer))).count()
}
