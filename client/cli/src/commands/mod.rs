//! A file for each command.

pub(crate) mod attest;
pub(crate) mod build;
pub(crate) mod cfg;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod down;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod man;
pub(crate) mod prune;
pub(crate) mod push;
#[cfg(target_os = "linux")]
pub(crate) mod record;
pub(crate) mod report;
#[cfg(target_os = "linux")]
pub(crate) mod run;
pub(crate) mod trusted_root;
pub(crate) mod up;
pub(crate) mod verify;
pub(crate) mod verify_bundle;

use crate::args::{Args, Command};
use crate::error::Error;

/// A command that has done its work.
#[derive(Default)]
pub(crate) struct Done {
    /// The exit code.
    pub(crate) code: u8,
    /// What goes on after that.
    #[cfg(target_os = "linux")]
    pub(crate) stays: Option<nix_seed_start::Served>,
}

impl From<u8> for Done {
    fn from(code: u8) -> Self {
        Self { code, ..Self::default() }
    }
}

/// Does what the command line says.
pub(crate) fn run(mut args: Args) -> Result<Done, Error> {
    args.global.read_password()?;
    let global = &args.global;
    match args.command {
        Command::Push(command) => push::run(&command, global),
        Command::Up(command) => return up::run(&command, global),
        #[cfg(target_os = "linux")]
        Command::Run(command) => return run::run(&command, global).map(Done::from),
        #[cfg(target_os = "linux")]
        Command::Record(command) => return record::run(&command, global).map(Done::from),
        #[cfg(target_os = "linux")]
        Command::RunInside(command) => return run::inside(&command).map(Done::from),
        #[cfg(target_os = "linux")]
        Command::RunProbe(command) => return Ok(run::probe(&command).into()),
        Command::Check(command) => return check::run(&command, global).map(Done::from),
        Command::Cfg(command) => cfg::run(&command, global),
        Command::Down(command) => down::run(&command, global),
        Command::Init(command) => init::run(&command, global),
        Command::Diff(command) => diff::run(&command, global),
        Command::Lock(command) => lock::run(&command, global),
        Command::Prune(command) => prune::run(&command, global),
        Command::Build(command) => build::run(&command, global),
        Command::Attest(command) => attest::run(&command, global),
        Command::Ci(command) => return ci::run(&command, global).map(Done::from),
        Command::TrustedRoot(command) => trusted_root::run(&command, global),
        Command::Verify(command) => verify::run(&command, global),
        Command::VerifyBundle(command) => verify_bundle::run(&command),
        Command::Report(command) => report::run(&command, global),
        Command::Completions(command) => completions::run(&command, global),
        Command::Man(command) => man::run(&command, global),
    }
    .map(|()| Done::default())
}
