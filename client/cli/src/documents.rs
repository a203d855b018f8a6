//! The commands that documents show are ones that the program understands, with all that they need.

#[path = "../../../helper/cli/src/documents/shell.rs"]
mod shell;

use clap::Parser;
use clap::error::ErrorKind;

use self::shell::{calls, shown};
use crate::args::Args;

/// What stands for something else, and what the program takes in its place.
const PLACEHOLDERS: [(&str, &str); 9] = [
    ("SEED", "ghcr.io/owner/seed"),
    ("IMAGE", "ghcr.io/owner/seed"),
    ("HOST/NAME", "ghcr.io/owner/seed"),
    ("DIR", "folder"),
    ("FILE", "file"),
    ("PATH", "path"),
    ("VARIABLE", "VARIABLE"),
    // A digest that a variable has.
    ("@1", "@sha256:0000000000000000000000000000000000000000000000000000000000000000"),
    ("sha256:…", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
];

fn filled(word: &str) -> String {
    PLACEHOLDERS.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value))
}

/// Why the program does not understand a call; none where it does.
fn misunderstood(arguments: &[String]) -> Option<String> {
    let own = arguments.iter().map(|word| filled(word)).filter(|word| word != "…");
    let error = Args::try_parse_from(std::iter::once("nix-seed".to_owned()).chain(own)).err()?;
    let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!is_asked_for).then(|| error.to_string().split("\n\n").next().unwrap_or_default().to_owned())
}

#[test]
fn every_command_that_a_document_shows_is_understood() {
    let shown = shown("nix-seed");
    let wrong = shown.iter().filter_map(|call| {
        Some(format!("{}: nix-seed {}: {}", call.place, call.arguments.join(" "), misunderstood(&call.arguments)?))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown.len() > 50, "only {} are found", shown.len());
}

#[test]
fn a_shells_line_is_taken_apart() {
    let of = |line: &str| calls("nix-seed", line).iter().map(|words| words.join(" ")).collect::<Vec<_>>();
    assert_eq!(
        of(r#"eval "$(nix-seed up --policy 'a b' X)" && nix-seed down # not nix-seed run"#),
        ["up --policy a b X", "down"]
    );
    assert_eq!(of(r#"nix-seed verify "$(pwd)/x" --commit "$(git rev-parse HEAD)" > out"#), ["verify 1/x --commit 1"]);
    assert_eq!(of("./nix-seed push a; cat x.nix-seed y"), ["push a"]);
}

#[test]
fn what_is_unknown_missing_or_in_conflict_is_misunderstood() {
    let why = |line: &str| misunderstood(&calls("nix-seed", line)[0]).unwrap_or_default();
    assert_eq!(why("nix-seed man --out DIR"), "");
    assert_eq!(why("nix-seed --help"), "");
    assert!(why("nix-seed up --no-such-option X").contains("unexpected argument"));
    assert!(why("nix-seed man").contains("required arguments were not provided"));
    assert!(why("nix-seed init --check --force").contains("cannot be used with"));
    assert_ne!(why("nix-seed lock"), "");
}
