use std::path::PathBuf;

use nix_seed_store::StorePath;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a flake's derivations cannot be planned.
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
    /// A derivation cannot be read.
    #[error("{path}: {source}")]
    Derivation {
        /// The `.drv` file.
        path: StorePath,
        /// What is wrong with it.
        source: nix_seed_store::Error,
    },
    /// What was asked for does not fit together.
    #[error("the request for a plan: {why}")]
    Request {
        /// What is wrong.
        why: String,
    },
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
