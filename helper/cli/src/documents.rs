//! The commands that documents and `--help` show are ones that the program understands, with all that they need.

mod shell;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use self::shell::{Call, of, shown};
use crate::args::Args;

/// Why the program does not understand a call; none where it does.
fn misunderstood(arguments: &[String]) -> Option<String> {
    let arguments = arguments.iter().map(String::as_str).filter(|word| *word != "…");
    let error = Args::try_parse_from(std::iter::once("nix-seed-helper").chain(arguments)).err()?;
    let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!is_asked_for).then(|| error.to_string().split("\n\n").next().unwrap_or_default().to_owned())
}

/// The calls in what `--help` says below the options.
fn in_help() -> Vec<Call> {
    let command = Args::command();
    let texts = command.get_subcommands().filter_map(|command| Some((command.get_name(), command.get_after_help()?)));
    texts.flat_map(|(name, text)| of("nix-seed-helper", name, &format!("```sh\n{text}\n```"))).collect()
}

#[test]
fn every_command_that_a_document_shows_is_understood() {
    let (documents, help) = (shown("nix-seed-helper"), in_help());
    assert!(documents.len() > 5 && help.len() > 5, "only {} and {} are found", documents.len(), help.len());
    let wrong = documents.iter().chain(&help).filter_map(|call| {
        let why = misunderstood(&call.arguments)?;
        Some(format!("{}: nix-seed-helper {}: {why}", call.place, call.arguments.join(" ")))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_unknown_missing_or_in_conflict_is_misunderstood() {
    let why = |arguments: &str| misunderstood(&arguments.split(' ').map(Into::into).collect::<Vec<_>>());
    assert_eq!(why("inspect --verify result"), None);
    for arguments in ["inspect --no-such-option x", "inspect", "inspect --paths --why x result", "verify result"] {
        assert!(why(arguments).is_some(), "{arguments}");
    }
}
