//! Whether a seed suits a commit, from three texts: what the seed holds, the commit's `flake.lock`, and what its
//! evaluation says that a seed of it needs.
//!
//! No function here reads or writes anything. First [`locked_inputs`] and [`lacking`], which take no time and no Nix; then
//! [`judge`], with what `nix eval --json .#seed.needs` has said ([`Needs`]).

mod lock;
mod needs;
mod verdict;

pub use lock::{LockedInput, locked_inputs};
pub use needs::{Needs, Reason};
pub use verdict::{Held, Judgement, Surplus, Verdict, judge, lacking};

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why nobody can say whether a seed suits.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A lock file is none.
    #[error("flake.lock: {why}; lock the flake again with: nix flake lock")]
    Lock {
        /// What is wrong.
        why: String,
    },
    /// An input could be anything.
    #[error(
        "flake.lock has no narHash for the input {input:?}, so nobody knows its source beforehand; lock it again with Nix \
         2.18 or newer: nix flake update {input}"
    )]
    NoNarHash {
        /// The input, as the flake calls it.
        input: String,
    },
    /// What a flake's seed needs is not what an evaluation gives.
    #[error(
        "what the flake's seed needs: {why}; has the flake another version of nix-seed among its inputs than this one?"
    )]
    Needs {
        /// What is wrong.
        why: String,
    },
}
