use nix_seed_store::StorePath;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a daemon did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection broke.
    #[error("talking to it: {0}")]
    Io(#[from] std::io::Error),
    /// The daemon closed the connection.
    #[error(
        "it closed the connection; if it does so at once, this user is not among its `allowed-users`, else see its log"
    )]
    Closed,
    /// The daemon says nothing.
    #[error("it does not say who it is: restart it, or remove its socket where it is gone for good")]
    Silent,
    /// What answers is no Nix daemon, or a broken one.
    #[error("it says what is no part of Nix' protocol: {0}")]
    Protocol(&'static str),
    /// The daemon speaks another version.
    #[error("it speaks version {major}.{minor} of Nix' protocol, and this program 1.34 to 1.37: use Nix 2.8 or newer")]
    Version {
        /// The first part of its version.
        major: u64,
        /// The second part.
        minor: u64,
    },
    /// The daemon takes unsigned paths from trusted users only.
    #[error("it takes {path} only with a signature, from a user that it does not trust")]
    Signature {
        /// The store path.
        path: StorePath,
    },
    /// The daemon says no.
    #[error("it says: {0}")]
    Refused(String),
    /// What was to be sent cannot be read.
    #[error("reading what it was to be given: {0}")]
    Source(std::io::Error),
}
