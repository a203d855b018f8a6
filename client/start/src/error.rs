use std::path::PathBuf;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed cannot be brought to a machine, or taken away again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The seed is at fault.
    #[error(transparent)]
    Image(#[from] nix_seed_image::Error),
    /// The seed cannot be found or read.
    #[error(transparent)]
    Source(#[from] nix_seed_source::Error),
    /// The store, or its database, is at fault.
    #[error(transparent)]
    Store(#[from] nix_seed_store::Error),
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
    /// This user may not write to the store.
    #[error("no rights to write to {path}; run as root (sudo), or start without touching it: nix-seed run", path = path.display())]
    NoRights {
        /// The folder.
        path: PathBuf,
    },
    /// The store lies on a file system that nobody may write to.
    #[error("{path} is on a read-only file system; start without touching it: nix-seed run", path = path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// The disk is full.
    #[error(
        "no space left for {path}: the seed needs {needed} bytes more; make room and run the same command again, which goes \
         on from here, or undo what is there: nix-seed down", path = path.display()
    )]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// The length of what is missing.
        needed: u64,
    },
    /// The disk is full, whoever needs how much.
    #[error(
        "no space left for {path}; make room and run the same command again, which goes on from here, or undo what is there: \
         nix-seed down", path = path.display()
    )]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// A Nix daemon owns the store.
    #[error("{socket}: a Nix daemon owns this store, and only it may write there; {mend}", socket = socket.display())]
    Daemon {
        /// Its socket.
        socket: PathBuf,
        /// What to do.
        mend: String,
    },
    /// `/nix` holds something that is no Nix store.
    #[error("{path} is there, but is no Nix store: there is no database in it; move it away, or name another --root", path = path.display())]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// The record of what an earlier `up` did cannot be read.
    #[error("{path}: {why}; it is not a record of this program: remove it when nothing of that seed is needed", path = path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is nothing to undo.
    #[error("no seed is up in {root}{hint}", root = root.display())]
    NotUp {
        /// The folder that holds `/nix`.
        root: PathBuf,
        /// Which seeds are, if any.
        hint: String,
    },
}

impl Error {
    /// The error of a file-system operation, for `map_err`; those with a name of their own get it.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::PermissionDenied => Self::NoRights { path },
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { doing, path, source },
        }
    }

    /// The same, for rustix.
    pub(crate) fn errno(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.into();
        move |errno| Self::io(doing, path)(errno.into())
    }

    /// Whether a full disk is the cause.
    pub(crate) fn is_full_disk(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}
