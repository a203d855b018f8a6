use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use nix_seed_registry::Credentials;
use nix_seed_source::Platform;

use crate::commands::{
    attest, build, cfg, check, ci, completions, diff, down, init, lock, man, prune, push, report, trusted_root, up,
    verify, verify_bundle,
};
#[cfg(target_os = "linux")]
use crate::commands::{record, run};

/// Publishes seeds and starts from them.
#[derive(Parser)]
#[command(
    name = "nix-seed",
    version,
    args_override_self = true,
    after_help = "Exit codes:\n  \
        0  done\n  \
        1  a file, the store or the registry cannot be read or written\n  \
        2  the command line is wrong\n  \
        3  the input is wrong: no such image, another platform, a malformed file\n  \
        4  a seed is damaged or lies about itself\n  \
        5  refused by a rule that an option can lift, or the answer is no (lock check)\n  \
        6  the seed is not complete, or does not suit (check)\n  \
        7  the seed suits, but a new one would be fresher or smaller (check --quick)\n  \
        8  an output cannot be evaluated or built (build)\n  \
        20 to 74  what is asked about is not to be believed: a code for each reason, see doc/refusals.md"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of all commands.
#[derive(ClapArgs, Clone)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// Print JSON: the result on standard output, events on standard error, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Speak plain http to this registry; loopback registries need no such permission
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    pub(crate) plain_http: Vec<String>,
    /// Log in to the registry as this user; the password is read from standard input
    #[arg(long, global = true, requires = "password_stdin", value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Read the registry's password or token from standard input
    #[arg(long, global = true, requires = "username")]
    pub(crate) password_stdin: bool,
    /// What was read there, which is done once.
    #[arg(skip)]
    pub(crate) credentials: Option<Credentials>,
    /// Take the image for this platform instead of this machine's
    #[arg(long, global = true, value_name = "OS/ARCHITECTURE")]
    pub(crate) platform: Option<Platform>,
    /// Add a line to this file that says where the time went: OpenTelemetry's spans, which also go to the collector that
    /// OTEL_EXPORTER_OTLP_ENDPOINT names
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Push(push::Push),
    Up(up::Up),
    #[cfg(target_os = "linux")]
    Run(run::Run),
    #[cfg(target_os = "linux")]
    Record(record::Record),
    #[cfg(target_os = "linux")]
    #[command(name = "run-inside", hide = true)]
    RunInside(run::Inside),
    #[cfg(target_os = "linux")]
    #[command(name = "run-probe", hide = true)]
    RunProbe(run::Probe),
    Build(Box<build::Build>),
    Check(check::Check),
    Cfg(cfg::Cfg),
    Down(down::Down),
    Init(init::Init),
    Diff(diff::Diff),
    Lock(lock::Lock),
    Prune(prune::Prune),
    Attest(Box<attest::Attest>),
    Ci(Box<ci::Ci>),
    TrustedRoot(trusted_root::TrustedRoot),
    Verify(verify::Verify),
    VerifyBundle(verify_bundle::VerifyBundle),
    Report(report::Report),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Where traces go without being asked to.
    pub(crate) fn trace(&self) -> Option<PathBuf> {
        match self {
            Self::Ci(ci) => ci.trace(),
            _ => None,
        }
    }

    /// What a person calls it; none for a part of another command.
    pub(crate) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Push(_) => "push",
            Self::Up(_) => "up",
            #[cfg(target_os = "linux")]
            Self::Run(_) => "run",
            #[cfg(target_os = "linux")]
            Self::Record(_) => "record",
            #[cfg(target_os = "linux")]
            Self::RunInside(_) | Self::RunProbe(_) => return None,
            Self::Build(_) => "build",
            Self::Check(_) => "check",
            Self::Cfg(_) => "cfg",
            Self::Down(_) => "down",
            Self::Init(_) => "init",
            Self::Diff(_) => "diff",
            Self::Lock(_) => "lock",
            Self::Prune(_) => "prune",
            Self::Attest(_) => "attest",
            Self::Ci(ci) => ci.name(),
            Self::TrustedRoot(_) => "trusted-root",
            Self::Verify(_) => "verify",
            Self::VerifyBundle(_) => "verify-bundle",
            Self::Report(_) => "report",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        })
    }
}
