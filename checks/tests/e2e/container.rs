//! The same in a git checkout of somebody else, and on an overlay; and what Nix in the seed thinks of its store.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::machine::process;
use nix_seed_checks::seed::container::Container;
use nix_seed_checks::seed::layout::Layout;

use crate::seed::Seed;

/// What a CI job does with a flake.
fn build_check_and_develop(seed: &Seed, container: &Container) {
    for flake in ["/src#default", "/src#libgreet"] {
        seed.run_in(container, &["nix", "build", flake]);
    }
    seed.run_in(container, &["nix", "flake", "check", "/src"]);
    seed.run_in(container, &["nix", "develop", "/src", "--command", "true"]);
}

#[test]
fn a_git_checkout_that_another_user_owns_is_built() {
    let seed = Seed::of_example("c");
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"];
        let mut command = Command::new("git");
        process::output(command.arg("-C").arg(seed.source()).args(author).args(arguments)).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Everything"]);
    seed.edit("greet/main.c", "nobody", "somebody");
    change_owner(seed.source(), 4242);

    let image = seed.image();
    build_check_and_develop(&seed, &image);
    assert_eq!(seed.run_in(&image, &["nix", "run", "git+file:///src"]), "Hello, somebody!\n");
    let status = seed.run_in(&image, &["git", "-C", "/src", "status", "--porcelain"]);
    assert_eq!(status, " M greet/main.c\n");
}

fn change_owner(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            change_owner(&entry.unwrap().path(), user);
        }
    }
}

#[test]
fn an_unpacked_root_below_an_overlay_builds() {
    let seed = Seed::of_example("c");
    seed.edit("libgreet/greet.c", "snprintf", " snprintf");
    let layout = Layout::open(&seed.layout).unwrap();
    // Not in /tmp, which may be small, or a file system that overlays cannot lie upon.
    let folder = seed.workbench.cache.scratch().unwrap();
    for layer in layout.layers().unwrap() {
        let mut tar = Command::new("tar");
        process::output(
            tar.arg("--zstd").arg("--directory").arg(folder.path()).arg("--extract").arg("--file").arg(layer),
        )
        .unwrap();
    }
    let root = Container::Root { folder: folder.path().into(), environment: layout.environment().unwrap() };
    build_check_and_develop(&seed, &root);
    assert!(!folder.path().join("root/.cache").exists(), "writes went below the overlay");
}

#[test]
fn nix_in_the_seed_finds_its_store_whole() {
    for example in ["hello", "c", "python"] {
        let seed = Seed::of_example(example);
        seed.run(&["nix", "store", "verify", "--no-trust", "--all"]);
        // Every registered path is there, and nothing else is.
        let registered = seed.run(&["sh", "-c", "nix path-info --all | sort"]);
        let present = seed.run(&["sh", "-c", "for path in /nix/store/*; do echo $path; done | sort"]);
        assert_eq!(registered, present, "{example}");
        assert!(registered.lines().count() > 50, "{registered}");
    }
}

#[test]
fn nothing_but_the_seed_is_needed_to_look_around() {
    let seed = Seed::of_example("hello");
    for (command, expected) in [
        ("cd && pwd", "/root\n"),
        ("echo $USER $HOME", "root /root\n"),
        ("test -w /tmp && test -s $SSL_CERT_FILE && echo yes", "yes\n"),
        ("nix eval --expr 1+1", "2\n"),
        ("nix config show substitute", "false\n"),
        ("git init --quiet /tmp/x && git -C /tmp/x status --porcelain", ""),
        ("/usr/bin/env true", ""),
    ] {
        assert_eq!(seed.run(&["sh", "-c", command]), expected, "{command}");
    }
}

#[test]
fn garbage_collection_in_the_seed_keeps_all_that_a_build_needs() {
    let seed = Seed::of_example("c");
    let command = "nix store gc >&2 && nix build /src --out-link /tmp/result && /tmp/result/bin/greet";
    assert_eq!(seed.run(&["sh", "-c", command]), "Hello, nobody!\n");
}
