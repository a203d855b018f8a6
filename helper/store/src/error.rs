use std::io::ErrorKind;
use std::path::PathBuf;

use crate::StorePath;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with a store, or with what describes one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file-system operation failed.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was being done, as a verb: "reading".
        doing: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A string is not a store path.
    #[error("{path:?} is not a store path: {why}; expected /nix/store/<32 characters>-<name>")]
    StorePath {
        /// The string as it was given.
        path: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// A string is not a SHA-256 hash in any of Nix's notations.
    #[error("{hash:?} is not a SHA-256 hash; expected sha256-<base64>, or sha256:<hexadecimal or Nix base 32>")]
    Hash {
        /// The string as it was given.
        hash: String,
    },
    /// A string is not a content address.
    #[error("{ca:?} is not a content address; expected fixed:[r:]<algorithm>:<hash>, or text:<algorithm>:<hash>")]
    ContentAddress {
        /// The string as it was given.
        ca: String,
    },
    /// A closure graph cannot be read.
    #[error("the closure graph is malformed: {why}; expected what `nix path-info --json --recursive` prints")]
    Graph {
        /// Where and how.
        why: String,
    },
    /// A closure graph names one path twice.
    #[error("the closure graph names {path} twice; write the graph again")]
    Twice {
        /// The path that stands there twice.
        path: StorePath,
    },
    /// Two closures say different things of one path.
    #[error(
        "{path} is not the same in two closures: its NAR hash, size, references or content address differ; make both \
         again, from one store"
    )]
    Differs {
        /// The path that both have.
        path: StorePath,
    },
    /// A closure graph lacks a path that one of its members refers to.
    #[error("the closure graph lacks {missing}, which {referrer} refers to; write the graph with --recursive")]
    Incomplete {
        /// The path that is not in the graph.
        missing: StorePath,
        /// A member that refers to it.
        referrer: StorePath,
    },
    /// A `.drv` file cannot be read.
    #[error("the derivation is malformed, or of a kind that is not supported, at byte {byte}: {why}")]
    Derivation {
        /// What is wrong.
        why: &'static str,
        /// Where, counted from the file's beginning.
        byte: usize,
    },
    /// Something in a store path is neither a regular file, a folder nor a symbolic link.
    #[error("{path} is {kind}, which Nix cannot store; repair the store path that it lies in, with: nix store repair /nix/store/…", path = path.display())]
    FileType {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A file changed between its listing and the end of its reading.
    #[error("{path} {how} while it was read; let nothing write to the store meanwhile", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// "grew", "shrank", "vanished" or "was replaced".
        how: &'static str,
    },
    /// A store's database has another layout.
    #[error("{path}: the store's database has schema {found}, this program writes schema 10 (Nix 2.8 to 2.34); use a Nix of these versions, or a store of its own: nix-seed run", path = path.display())]
    Schema {
        /// The file that says so.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// The Nix database cannot be written or read.
    #[error("the Nix database: {0}")]
    Database(#[from] rusqlite::Error),
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether a full disk is the cause.
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded),
            Self::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => false,
        }
    }
}
