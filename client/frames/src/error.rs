use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a frame cannot be read. Several who wait for one frame get the same error.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The seed is damaged, or its index lies.
    #[error(transparent)]
    Image(Arc<nix_seed_image::Error>),
    /// The registry, or the layout, does not give it.
    #[error(transparent)]
    Source(Arc<nix_seed_source::Error>),
    /// What arrived, twice, has another hash than the index gives.
    #[error(
        "{what}: what arrived has not the SHA-256 that the seed's index gives; the registry, or something before it, is damaged"
    )]
    Damaged {
        /// The frame.
        what: String,
    },
    /// What was to be held cannot be.
    #[error("{what} cannot be held as {path}: make room there, or see why nothing can be written", path = path.display())]
    NotHeld {
        /// The frame.
        what: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A connection broke, and did not come back.
    #[error("{what}: {why}")]
    Broken {
        /// The frame.
        what: String,
        /// What the connection says.
        why: String,
    },
    /// It did not arrive in time.
    #[error("{what} has not arrived within {waited:?}; the next attempt to read it waits again")]
    Late {
        /// The frame.
        what: String,
        /// How long was waited.
        waited: Duration,
    },
    /// What is asked for lies in no frame.
    #[error("{what} lies in no frame of the seed")]
    Outside {
        /// What was asked for.
        what: String,
    },
    /// A file-system operation failed.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was being done, as a verb: "writing".
        doing: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The operating system's answer.
        source: Arc<std::io::Error>,
    },
    /// There is no place for what is kept.
    #[error(
        "neither NIX_SEED_CACHE nor XDG_CACHE_HOME nor HOME is set: set NIX_SEED_CACHE to a folder for what is fetched"
    )]
    NoCache,
    /// Somebody else could have changed what the cache holds.
    #[error("{path} belongs to user {owner}, so what it holds cannot be believed; set NIX_SEED_CACHE to a folder of your own", path = path.display())]
    Owner {
        /// The cache.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The same, by the folder's rights.
    #[error("others may write to {path}, so what it holds cannot be believed; chmod go-w {path}", path = path.display())]
    Open {
        /// The cache.
        path: PathBuf,
    },
    /// The time for which reads wait is no number.
    #[error("NIX_SEED_READ_TIMEOUT is {text:?}: write a number of seconds")]
    ReadTimeout {
        /// What it is set to.
        text: String,
    },
    /// The limit of the cache is no size.
    #[error("NIX_SEED_CACHE_LIMIT is {text:?}: write a number of bytes, or one with K, M, G or T, as in 20G")]
    Limit {
        /// What it is set to.
        text: String,
    },
}

impl From<nix_seed_image::Error> for Error {
    fn from(error: nix_seed_image::Error) -> Self {
        Self::Image(Arc::new(error))
    }
}

impl From<nix_seed_source::Error> for Error {
    fn from(error: nix_seed_source::Error) -> Self {
        Self::Source(Arc::new(error))
    }
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source: Arc::new(source) }
    }
}
