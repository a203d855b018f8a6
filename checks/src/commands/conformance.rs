//! `checks conformance`: the public Sigstore conformance suite's bundles, by a program that verifies.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::client;
use crate::conformance::client::Client;
use crate::conformance::published::{self, Crates};
use crate::conformance::report::Report;
use crate::conformance::suite;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A checkout of sigstore-conformance
    #[arg(required_unless_present = "published")]
    suite: Option<PathBuf>,
    /// Ask about the bundles that come with the crates that nix-seed verifies with
    #[arg(long)]
    published: bool,
    /// A program that speaks the suite's protocol [default: this repository's nix-seed]
    #[arg(long, value_name = "PROGRAM")]
    client: Option<PathBuf>,
    /// A checkout of cpython-release-tracker, whose bundles are asked about too
    #[arg(long, value_name = "FOLDER")]
    cpython: Option<PathBuf>,
    /// Only cases whose name has this text in it
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the table. Fails if the client differs from the suite anywhere.
pub fn run(arguments: &Arguments) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut cases = Vec::new();
    if let Some(checkout) = &arguments.suite {
        cases.extend(suite::cases(checkout)?);
    }
    if arguments.published {
        cases.extend(published::cases(&Crates::locate()?)?);
    }
    if let Some(tracker) = &arguments.cpython {
        cases.extend(suite::releases(tracker, scratch.path())?);
    }
    if let Some(text) = &arguments.only {
        cases.retain(|case| case.name.contains(text));
    }
    ensure!(!cases.is_empty(), "there are no such cases");
    let program = match &arguments.client {
        Some(program) => program.clone(),
        None => client::program()?,
    };
    let report = Report::of(&Client::new(&program)?, &cases)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report.json())?);
    } else {
        print!("{}", report.markdown());
    }
    let differing = report.counts().differing();
    ensure!(differing == 0, "{} differs from the suite {differing} times", program.display());
    Ok(())
}
