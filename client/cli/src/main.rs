//! `nix-seed`: publishes seeds and starts from them.
//!
//! What a command does lies in the crates below; here is the command line, what a person or a script sees, and the exit
//! code.

mod args;
mod cfg;
mod commands;
#[cfg(all(test, target_os = "linux"))]
mod documents;
mod error;
mod events;
mod files;
mod flake;
mod nix;
mod print;
mod progress;
mod shared;
mod telemetry;
mod verified;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

#[cfg(target_os = "linux")]
use crate::args::Command;
#[cfg(target_os = "linux")]
use crate::commands::up::served;
use crate::error::Error;
use crate::telemetry::Telemetry;

fn main() -> ExitCode {
    let began = Instant::now();
    let args = args::Args::parse();
    print::start(args.global.json);
    #[cfg(target_os = "linux")]
    if let Command::Up(up) = &args.command {
        if served::is_this() {
            served::follow();
        } else if up.is_to_be_served() {
            return part(served::start());
        }
    }
    // A part of another command has no trace of its own, and above all no thread.
    let Some(name) = args.command.name() else {
        telemetry::none();
        return part(commands::run(args).map(|done| done.code));
    };
    let trace = args.global.trace.clone().or_else(|| args.command.trace());
    let telemetry = match Telemetry::start(began, name, trace.as_deref()) {
        Ok(telemetry) => telemetry,
        Err(error) => return part(Err(error)),
    };
    let result = telemetry.trace(|| commands::run(args));
    let code = result.as_ref().map_or_else(Error::exit_code, |done| done.code);
    telemetry.end(code, result.is_err());
    // Last, so that a script finds there how it ended.
    if let Err(error) = result.as_ref().map_err(|error| (!error.is_told()).then_some(error))
        && let Some(error) = error
    {
        print::error(error);
    }
    #[cfg(target_os = "linux")]
    if let Ok(commands::Done { stays: Some(served), .. }) = result {
        return part(served::stay(served).map(|()| code));
    }
    ExitCode::from(code)
}

/// The exit code of a part of a command; what ended it is told.
fn part(result: Result<u8, Error>) -> ExitCode {
    let code = result.unwrap_or_else(|error| {
        print::error(&error);
        error.exit_code()
    });
    ExitCode::from(code)
}
