//! `nix-seed record`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use nix_seed_attest::Kept;
use nix_seed_mount::share_heap;
use nix_seed_run::{Cache, Mounted, Options, Own, Ready};
use nix_seed_source::{Found, Location};

use super::run::{told, variables};
use crate::args::Global;
use crate::error::Error;
use crate::files::write;
use crate::flake::Flake;
use crate::print;
use crate::verified::{SeedTrust, Wanted, locked};

/// Run a command over a seed, and write down what of it the command touches, and when
#[derive(Args)]
#[command(
    after_help = "The command is run as by `nix-seed run`. What it touches is for the next seed: mkSeed { recording = ./.seed.recording.json; } \
    has a seed that is mounted fetch this first (doc/recording.md).\n\n\
    Example:\n  nix-seed record ghcr.io/owner/seed@sha256:… -- nix build --no-link"
)]
pub(crate) struct Record {
    /// An image, best by its digest (HOST/NAME@sha256:…), or a folder with an OCI image layout [default: what .seed.lock names for
    /// this system]
    location: Option<Location>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = ".seed.recording.json")]
    output: PathBuf,
    /// Give the command no network but its own loopback interface
    #[arg(long)]
    no_network: bool,
    #[command(flatten)]
    trust: SeedTrust,
    /// The command, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(record: &Record, global: &Global) -> Result<u8, Error> {
    share_heap();
    let cache = Cache::of_user()?;
    let frames = cache.frames()?;
    let keep = Arc::new(frames.clone());
    let flake = Flake::here();
    let location = &locked::seed(record.location.as_ref(), &flake, "record", global)?;
    let (is_for_flake, kept) = (record.location.is_none(), Some(Kept::at(cache.statements())));
    let guard = record.trust.guard(Wanted { location, flake: &flake, is_for_flake, may_be_own: true, kept }, global)?;
    let registry = global.registry()?;
    let find = |location: &Location| Ok(Found::find_seed(location, &registry, &global.platform(), Some(keep))?);
    let (found, _) = guard.find(find)?;
    if let Some(tag) = &found.tag {
        print::note(&format!("{location}: {tag} is {}", found.digest()));
    }
    let mounted = Arc::new(Mounted::new(found, frames, Own::Ignored)?);
    let options = Options {
        no_network: record.no_network,
        require_sandbox: false,
        json: global.json,
        inherited: None,
        variables: variables(),
        command: record.command.clone(),
    };
    let finished = nix_seed_run::run(&cache, &Ready::Mounted(mounted.clone()), &options)?;
    told(&finished, &record.command)?;
    if finished.code != 0 {
        print::note(&format!("{} is not written: the command has failed", record.output.display()));
        return Ok(finished.code);
    }
    let recording = mounted.recording();
    write(&record.output, &recording.to_json())?;
    let touched: u64 = recording
        .touched
        .iter()
        .flat_map(|touched| &touched.frames)
        .map(|range| u64::from(range.end - range.start))
        .sum();
    let paths: std::collections::BTreeSet<_> = recording.touched.iter().map(|touched| &touched.path).collect();
    print::note(&format!(
        "{}: {touched} frames of {} store paths; name it to mkSeed: recording = ./{};",
        record.output.display(),
        paths.len(),
        record.output.file_name().unwrap_or_default().display()
    ));
    Ok(0)
}
