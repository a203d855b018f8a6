//! `nix-seed-helper`: writes seeds and looks into them.
//!
//! Inside a derivation it is the builder itself (`derivation`, see [`derivation`]); by hand every step has a command
//! of its own. It needs no network, and no other program but, in a seed, the
//! seed's own Nix.

mod args;
mod check;
mod derivation;
#[cfg(test)]
mod documents;
mod error;
mod input;
mod print;
mod release;
mod results;
mod run;
mod sbom;
mod steps;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match run::run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::error(&error);
            error.exit_code()
        }
    }
}
