//! What helps a person, read by what others wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix_seed_checks::client;
use nix_seed_checks::debian::program::unpacked;
use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::process;

/// Debian 12: what is linked with its C library runs with a later one, too.
const SUITE: &str = "bookworm";

/// The man pages, in a folder.
fn pages(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut man = Command::new(client::program().unwrap());
    process::output(man.args(["man", "--out"]).arg(folder).env("SOURCE_DATE_EPOCH", "1780000000")).unwrap();
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn man_pages_are_as_man_wants_them() {
    let folder = tempfile::tempdir().unwrap();
    let pages = pages(folder.path());
    let mandoc = unpacked(&Cache::open().unwrap(), SUITE, "mandoc").unwrap();
    // It names what it finds on standard output, and ends with a code that says how bad the worst is.
    let lint = Command::new(&mandoc).args(["-T", "lint", "-W", "warning"]).args(&pages).output().unwrap();
    assert!(lint.status.success() && lint.stdout.is_empty(), "{lint:?}");
    let up = pages.iter().find(|page| page.ends_with("nix-seed-up.1")).unwrap();
    let shown = process::output(Command::new(&mandoc).args(["-T", "utf8", "-O", "width=90"]).arg(up)).unwrap();
    // Without what prints letters twice to make them bold.
    let mut plain = String::new();
    for c in shown.chars() {
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    for text in
        ["nix-seed up [OPTIONS] [LOCATION]", "--root <DIR>", "eval \"$(nix-seed up ghcr.io/owner/seed@sha256:…)\""]
    {
        assert!(plain.contains(text), "{text}: {plain}");
    }
}
