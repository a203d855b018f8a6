//! Each example: edit a source, then build, check and develop in its seed, offline.

use crate::seed::Seed;

const BUILD: &str = "nix build path:/src#default --out-link /tmp/result && ";

fn build_and(seed: &Seed, command: &str) -> String {
    seed.run(&["sh", "-c", &format!("{BUILD}{command}")])
}

#[test]
fn hello_builds_after_an_edit_of_its_flake() {
    let seed = Seed::of_example("hello");
    let edited = "default = pkgs.hello.overrideAttrs { postInstall = \"echo edited > $out/edited\"; };";
    seed.edit("flake.nix", "default = pkgs.hello;", edited);
    assert_eq!(build_and(&seed, "/tmp/result/bin/hello && cat /tmp/result/edited"), "Hello, world!\nedited\n");
    seed.run(&["nix", "flake", "check", "/src"]);
}

#[test]
fn c_builds_after_an_edit_of_the_program() {
    let seed = Seed::of_example("c");
    seed.edit("greet/main.c", "nobody", "somebody");
    assert_eq!(build_and(&seed, "/tmp/result/bin/greet"), "Hello, somebody!\n");
}

#[test]
fn c_builds_after_an_edit_of_the_library() {
    let seed = Seed::of_example("c");
    seed.edit("libgreet/greet.c", "Hello", "Good morning");
    assert_eq!(build_and(&seed, "/tmp/result/bin/greet you"), "Good morning, you!\n");
}

#[test]
fn c_is_checked_run_and_developed_after_an_edit() {
    let seed = Seed::of_example("c");
    seed.edit("greet/main.c", "nobody", "somebody");
    seed.run(&["nix", "flake", "check", "/src"]);
    assert_eq!(seed.run(&["nix", "run", "/src", "you"]), "Hello, you!\n");
    seed.run(&["nix", "develop", "/src", "--command", "true"]);
    let built = "cp -r /src/libgreet /tmp && cd /tmp/libgreet && make && ls";
    assert!(seed.run(&["nix", "develop", "/src", "--command", "sh", "-c", built]).contains("libgreet.so"));
}

#[test]
fn c_check_fails_in_the_seed_when_an_edit_breaks_it() {
    let seed = Seed::of_example("c");
    seed.edit("libgreet/greet.c", "Hello", "Good morning");
    let said = seed.image().run(&seed.podman, seed.source(), &["nix", "flake", "check", "/src"]).unwrap();
    assert!(!said.success);
    assert!(said.stderr.contains("greets-by-name"), "{}", said.stderr);
}

#[test]
fn python_builds_after_an_edit() {
    let seed = Seed::of_example("python");
    seed.edit("src/wordcount/__init__.py", r"\w+", r"[\w']+");
    assert_eq!(build_and(&seed, r#"echo "don't don't" | /tmp/result/bin/wordcount"#), "2 don't\n");
}

#[test]
fn python_is_checked_run_and_developed_after_an_edit() {
    let seed = Seed::of_example("python");
    seed.edit("tests/test_count.py", "Stop! stop, STOP.", "Stop! stop - STOP?");
    seed.run(&["nix", "flake", "check", "/src"]);
    assert_eq!(seed.run(&["sh", "-c", "echo a b a | nix run /src"]), "2 a\n1 b\n");
    let import = "import sys; sys.path.insert(0, '/src/src'); import wordcount; print(wordcount.count('x'))";
    let said = seed.run(&["nix", "develop", "/src", "--command", "python3", "-c", import]);
    assert_eq!(said, "Counter({'x': 1})\n");
}

#[test]
fn python_check_fails_in_the_seed_when_an_edit_breaks_it() {
    let seed = Seed::of_example("python");
    seed.edit("src/wordcount/__init__.py", "text.lower()", "text");
    let said = seed.image().run(&seed.podman, seed.source(), &["nix", "flake", "check", "/src"]).unwrap();
    assert!(!said.success);
    assert!(said.stderr.contains("wordcount-unit-tests"), "{}", said.stderr);
}
