//! `checks`: the commands behind the small scripts in `checks/`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is asked for is printed")]

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use nix_seed_checks::bench::child;
use nix_seed_checks::commands::{bench, closures, conformance, demo, fuzz, property, reproduce, sigstore, suite};
use nix_seed_checks::fixture::{self, Options};
use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::nix::Nix;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Run every test; ends with the counts of passed and failed
    All,
    /// Measure what seeds cost, beside podman, Nix, tar and zstd; prints tables, and keeps them
    Bench(bench::Arguments),
    /// List what is in the examples' seeds, beside the least and the most, and show that each needed root is needed; prints tables
    Closures(closures::Arguments),
    /// Ask a program about the bundles of the public Sigstore conformance suite; prints a table, fails if anything differs
    Conformance(conformance::Arguments),
    #[command(hide = true)]
    Measured(child::Arguments),
    /// Make the seed of examples/c, build in it offline, change a source and build again
    Demo,
    /// Fuzz what reads seeds; prints a table, fails if anything was found
    Fuzz(fuzz::Arguments),
    /// Edit generated flakes and build them in the seeds of before; prints counts, and what fails
    Property(property::Arguments),
    /// Make the same seed in other ways, and compare digests; prints tables
    Reproduce(reproduce::Arguments),
    /// Run Nix: the machine's if it is 2.18 or newer, else one set up in the cache
    ///
    /// `checks nix --print-bin` prints the path of that `nix`, `checks nix --print-env` the environment it needs.
    #[command(disable_help_flag = true)]
    Nix {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Prepare the offline package set and print the path of its flake
    Nixpkgs(Options),
    /// Start Sigstore's services on loopback and print where they are, with what clients need to know of them, until interrupted
    Sigstore(sigstore::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    if let Action::Measured(arguments) = arguments.command {
        return child::run(&arguments);
    }
    let cache = Cache::open()?;
    match arguments.command {
        Action::All => suite::run(),
        Action::Bench(arguments) => bench::run(&arguments),
        Action::Closures(arguments) => closures::run(&arguments),
        Action::Conformance(arguments) => conformance::run(&arguments),
        Action::Demo => demo::run(),
        Action::Fuzz(arguments) => fuzz::run(&cache, &arguments),
        Action::Measured(_) => Ok(()),
        Action::Property(arguments) => property::run(&arguments),
        Action::Reproduce(arguments) => reproduce::run(&arguments),
        Action::Sigstore(arguments) => sigstore::run(&cache, &arguments),
        Action::Nix { arguments } => run_nix(&Nix::find(&cache)?, &arguments),
        Action::Nixpkgs(options) => {
            println!("{}", fixture::prepare(&cache, &Nix::find(&cache)?, &options)?.display());
            Ok(())
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

fn run_nix(nix: &Nix, arguments: &[OsString]) -> Result<()> {
    match arguments {
        [option] if option == "--print-bin" => println!("{}", nix.program().display()),
        [option] if option == "--print-env" => {
            for (name, value) in nix.environment() {
                println!("export {name}='{}'", value.replace('\'', r"'\''"));
            }
        }
        _ => {
            // Only returns on failure.
            let error = nix.command("nix").args(arguments).exec();
            return Err(error).with_context(|| format!("cannot run {}", nix.program().display()));
        }
    }
    Ok(())
}
