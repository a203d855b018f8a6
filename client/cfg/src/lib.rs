//! Whom to trust: a flake's `seedCfg` in its normal form, as `nix eval --json .#seedCfg` prints it.
//!
//! `lib/seed-cfg` of this repository makes the normal form out of what a person writes, and says what each option is
//! (doc/seed-cfg.md). It may also come from a file that anybody wrote, so everything is checked here again, and what is not
//! understood is refused: [`Cfg::from_json`]. Whether a subject is meant by a builder, [`Pattern`] says.
//!
//! No function here reads or writes anything.

mod forms;
mod key;
mod model;
mod output;
mod parse;
mod pattern;
mod rules;
mod secret;
mod source;
mod subject;
mod table;
mod warnings;

use std::fmt;

pub use model::{Build, Builder, Cfg, Contract, Freshness, Level, OutputCfg, Quorum, Services};
pub use parse::MAX_BYTES;
pub use pattern::Pattern;
pub use source::Source;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More than anybody writes.
    #[error("a seedCfg has at most {MAX_BYTES} bytes, and this has {bytes}")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// It may have been read by others already.
    #[error(
        "it holds a private key, which is not repeated here: take it out, write the public key, and make another pair, \
         since whoever could read this has it"
    )]
    PrivateKey,
    /// Another version of nix-seed made it.
    #[error(
        "it is of version {version}, and this nix-seed reads version 1: use the nix-seed that made it, or update the \
         flake's: nix flake update nix-seed"
    )]
    Version {
        /// What it says.
        version: String,
    },
    /// It has no version, so it is something else.
    #[error(
        "it is no seedCfg in its normal form, which has a version; that is made by: seedCfg = \
         inputs.nix-seed.lib.seedCfg {{ … }};"
    )]
    NotNormal,
    /// A value is not there, is there twice, is unknown, or has not the form that it needs.
    #[error("{at}: {why}")]
    Malformed {
        /// Where, as in `builders.github.subjects[0]`.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// Each value is right, and together they are not.
    #[error("{0}")]
    Refused(Faults),
    /// What was asked for is no output of a flake.
    #[error("{output:?} is no output with its system, as packages.x86_64-linux.default is one")]
    Output {
        /// What was asked for.
        output: String,
    },
}

/// A mistake, where it is and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The option, as in `builders.github.issuer`.
    pub at: String,
    /// What is wrong, and what to write.
    pub why: String,
}

/// All mistakes of a configuration; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.why)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<_> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&faults.join("; "))
    }
}
