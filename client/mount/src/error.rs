use std::path::PathBuf;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed cannot be mounted. None of them is the seed's fault: it can be unpacked instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel does not have it, or does not permit it.
    #[error("{what}: {source}")]
    Refused {
        /// What was refused, as the subject of a sentence: "the kernel mounts no EROFS".
        what: &'static str,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// A file-system operation failed.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was being done, as a verb: "writing".
        doing: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The seed is larger than such a device, or deeper than a file system.
    #[error(transparent)]
    Erofs(#[from] nix_seed_erofs::Error),
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn refused<E: Into<std::io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Refused { what, source: source.into() }
    }
}
