//! A file for each command.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod down;
pub(crate) mod lock;
pub(crate) mod prune;
pub(crate) mod push;
#[cfg(target_os = "linux")]
pub(crate) mod run;
pub(crate) mod up;

use crate::args::{Args, Command};
use crate::error::Error;

/// Does what the command line says; gives the exit code.
pub(crate) fn run(mut args: Args) -> Result<u8, Error> {
    args.global.read_password()?;
    let global = &args.global;
    match args.command {
        Command::Push(command) => push::run(&command, global),
        Command::Up(command) => up::run(&command, global),
        #[cfg(target_os = "linux")]
        Command::Run(command) => return run::run(&command, global),
        #[cfg(target_os = "linux")]
        Command::RunInside(command) => return run::inside(&command),
        #[cfg(target_os = "linux")]
        Command::RunProbe(command) => return Ok(run::probe(&command)),
        Command::Check(command) => return check::run(&command, global),
        Command::Down(command) => down::run(&command, global),
        Command::Diff(command) => diff::run(&command, global),
        Command::Lock(command) => lock::run(&command, global),
        Command::Prune(command) => prune::run(&command, global),
    }
    .map(|()| 0)
}
