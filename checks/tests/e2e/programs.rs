//! The programs as Nix builds them, which the package set cannot: what their sources hold, and what is installed beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::machine::{process, repository};
use nix_seed_checks::seed::flake::Workbench;

/// The files of Rust below a folder that are no tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// What a file of Rust has compiled in, from its own folder.
fn included(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let after = ["include_str!(\"", "include_bytes!(\""].into_iter().flat_map(|word| code.split(word).skip(1));
    after.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn what_is_compiled_in_is_part_of_the_sources() {
    let workbench = Workbench::open().unwrap();
    let mut count = 0;
    for program in ["nix-seed", "helper"] {
        let mut eval = workbench.nix.command("nix");
        let attribute = format!("{}#packages.x86_64-linux.{program}.src", workbench.nix_seed());
        eval.args(["eval", "--raw", "--no-write-lock-file", &attribute]).args(&workbench.overrides()[..3]);
        let mut files = Vec::new();
        sources(Path::new(&process::output(&mut eval).unwrap()), &mut files);
        assert!(files.len() > 50, "{program} has {} files", files.len());
        for file in files {
            for name in included(&fs::read_to_string(&file).unwrap()) {
                assert!(file.with_file_name(name).exists(), "{}: {name} is not among the sources", file.display());
                count += 1;
            }
        }
    }
    assert!(count > 0);
}

#[test]
fn completions_and_manual_pages_are_installed() {
    let workbench = Workbench::open().unwrap();
    let expression = format!(
        "(import {}/nix/client.nix {{ rustPlatform.buildRustPackage = it: it; canExecute = true; }}).postInstall",
        repository::path().display()
    );
    let steps =
        process::output(workbench.nix.command("nix").args(["eval", "--impure", "--raw", "--expr", &expression]))
            .unwrap();
    let out = tempfile::tempdir().unwrap();
    fs::create_dir(out.path().join("bin")).unwrap();
    fs::copy(client::program().unwrap(), out.path().join("bin/nix-seed")).unwrap();
    // As a builder has it: no home, and the time of the sources.
    let mut builder = Command::new("sh");
    builder.args(["-euc", &steps]).current_dir(out.path()).env_clear().env("PATH", "/usr/bin:/bin");
    builder.env("out", out.path()).env("HOME", "/homeless-shelter").env("SOURCE_DATE_EPOCH", "315532800");
    process::output(&mut builder).unwrap();
    for (file, words) in [
        ("bash-completion/completions/nix-seed", "complete "),
        ("zsh/site-functions/_nix-seed", "#compdef nix-seed"),
        ("fish/vendor_completions.d/nix-seed.fish", "complete -c nix-seed"),
        ("man/man1/nix-seed.1", ".TH"),
        ("man/man1/nix-seed-up.1", ".TH"),
    ] {
        let text = fs::read_to_string(out.path().join("share").join(file)).unwrap();
        assert!(text.contains(words), "{file} has no {words:?}");
    }
}
