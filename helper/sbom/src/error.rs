use nix_seed_store::StorePath;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no bill of materials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The closure is at fault.
    #[error(transparent)]
    Store(#[from] nix_seed_store::Error),
    /// What is said of packages cannot be read.
    #[error("the packages' metadata: {why}; write it again, with: nix eval --json .#seed.metadata")]
    Packages {
        /// Where and how.
        why: String,
    },
    /// The subject is not in its own closure.
    #[error("the closure graph lacks {path}, which it is to be the closure of; write the graph with --recursive")]
    NoSubject {
        /// The store path.
        path: StorePath,
    },
    /// The subject has no name.
    #[error("the image has no name; give it one that is not empty")]
    NoName,
    /// A time is beyond what the formats can say.
    #[error("{time} is no time in seconds since 1970 that has a year of four digits; give one up to 253402300799")]
    Time {
        /// The time as it was given.
        time: u64,
    },
}
