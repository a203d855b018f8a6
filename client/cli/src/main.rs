//! `nix-seed`: publishes seeds and starts from them.
//!
//! What a command does lies in the crates below; here is the command line, what a person or a script sees, and the exit
//! code.

mod args;
mod commands;
mod error;
mod print;
mod progress;
mod shared;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    print::start(args.global.json);
    match commands::run(args) {
        Ok(code) => code,
        Err(error) => {
            print::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
