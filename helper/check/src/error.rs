use std::path::PathBuf;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed cannot be checked.
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
    /// Derivations cannot be read.
    #[error(transparent)]
    Frontier(#[from] nix_seed_frontier::Error),
    /// A store path or a database cannot be read or written.
    #[error(transparent)]
    Store(#[from] nix_seed_store::Error),
    /// The flake does not evaluate in the seed, before anything is edited.
    #[error(
        "the flake's outputs do not evaluate with what is in the seed; what evaluation fetches or builds has to be in mkSeed's `contents`:\n{log}"
    )]
    Evaluation {
        /// What Nix said.
        log: String,
    },
    /// Nix answered something else than what it was asked for.
    #[error("nix eval gave no answer that can be read: {why}")]
    Answer {
        /// What is wrong with it.
        why: String,
    },
    /// A builder that is not in a sandbox would write to the machine's own store.
    #[error(
        "this check evaluates in the builder's store, so it needs the sandbox (sandbox = true); outside of one, use: nix-seed check"
    )]
    Unsandboxed,
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
