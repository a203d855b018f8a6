//! `nix-seed check`.

#[cfg(target_os = "linux")]
mod full;
mod nix;
mod quick;
mod text;

use clap::{Args, ValueEnum};
use nix_seed_source::Location;

use crate::args::Global;
use crate::error::Error;
use crate::flake::Flake;
use crate::verified::SeedTrust;

/// Say whether a seed is complete: whether all of a flake builds in it after any edit that changes no dependency
///
/// The seed's own Nix evaluates edited copies of the flake, without a network, and all that a build would want is looked for
/// in the seed. With --quick nothing is unpacked or edited: the flake as it is, is compared with what the seed holds.
#[derive(Args)]
#[command(after_help = "Exit codes besides those of all commands:\n  \
    6  not complete; --quick: does not suit, an offline build fails\n  \
    7  --quick: suits, but a new seed would be fresher or smaller\n\n\
    Examples:\n  nix-seed check ./result\n  \
    nix-seed check --paths=workflow ghcr.io/owner/seed@sha256:… .#seed\n  \
    nix-seed check --quick || nix build .#seed")]
pub(crate) struct Check {
    /// An image, best by its digest (HOST/NAME@sha256:…), or a folder with an OCI image layout [default with --quick: what
    /// .seed.lock names for this system, else the seed at /nix]
    #[arg(required_unless_present = "quick")]
    seed: Option<String>,
    /// The flake, and the attribute of its seed [default: .#seed]
    #[arg(value_name = "FLAKE#ATTRIBUTE")]
    flake: Option<String>,
    /// Say in a moment whether the seed suits the flake as it is now
    #[arg(long)]
    quick: bool,
    /// Take another flake for an input, as Nix does
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"])]
    override_input: Vec<String>,
    /// Print only the files whose edits may change dependencies, so that a new seed is wanted: one a line, as JSON, or as the
    /// part of a GitHub workflow that lists paths
    #[arg(
        long,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "plain",
        conflicts_with = "quick"
    )]
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only the whole check has such a list"))]
    paths: Option<PathsFormat>,
    #[command(flatten)]
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only the whole check runs what is in the seed"))]
    trust: SeedTrust,
}

/// The attribute that a seed usually is.
const SEED: &str = "seed";

/// How the seed's helper prints a list of files.
#[derive(Clone, Copy, ValueEnum)]
enum PathsFormat {
    /// One a line
    Plain,
    /// A JSON array
    Json,
    /// The part of a GitHub workflow that lists paths
    Workflow,
}

pub(crate) fn run(check: &Check, global: &Global) -> Result<u8, Error> {
    // A location has no `#`, so `check --quick .#seed` can only mean the flake.
    let (seed, flake) = match (&check.seed, &check.flake) {
        (Some(flake), None) if check.quick && flake.contains('#') => (None, Some(flake)),
        (seed, flake) => (seed.as_deref(), flake.as_ref()),
    };
    let flake = Flake::parse(flake.map_or(".", String::as_str), SEED)?;
    let seed = seed.map(str::parse::<Location>).transpose()?;
    match seed {
        _ if check.quick => quick::run(seed.as_ref(), &flake, check, global),
        #[cfg(target_os = "linux")]
        Some(seed) => full::run(&seed, &flake, check, global),
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(Error::OnlyQuick),
        None => Err(Error::NoSeedGiven),
    }
}
