use std::path::PathBuf;

use nix_seed_store::StorePath;

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
    /// Nobody knows which of several seeds is meant.
    #[error("{} seeds are up here ({}): name the one that is meant", digests.len(), digests.join(", "))]
    SeveralUp {
        /// Their digests.
        digests: Vec<String>,
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
    /// Another program has touched a path that was about to become valid.
    #[error("{path} was changed by another program meanwhile; run the same command again, which fetches it anew")]
    Changed {
        /// The path.
        path: StorePath,
    },
    /// The process may not open as many files as the store has to be locked with.
    #[error(
        "this process may open {limit} files, and needs {needed}, a lock for each store path: raise its hard limit (ulimit -Hn)"
    )]
    Files {
        /// How many it may open.
        limit: u64,
        /// How many it needs.
        needed: u64,
    },
    /// A Nix daemon answers, but its store is not the one that is seen here.
    #[error(
        "the Nix daemon at {socket} has its store elsewhere: what it has is not seen in {store}; start without its store: \
         nix-seed run", socket = socket.display(), store = store.display()
    )]
    OtherStore {
        /// Its socket.
        socket: PathBuf,
        /// Where its store would be seen.
        store: PathBuf,
    },
    /// A Nix daemon owns the store.
    #[error("{socket}: a Nix daemon owns this store, and only it may write there; {mend}", socket = socket.display())]
    Daemon {
        /// Its socket.
        socket: PathBuf,
        /// What to do.
        mend: String,
    },
    /// The daemon that owns the store cannot be talked to, or says no.
    #[error("the Nix daemon at {socket}: {source}", socket = socket.display())]
    Talk {
        /// Its socket.
        socket: PathBuf,
        /// What went wrong.
        source: nix_seed_daemon::Error,
    },
    /// The daemon takes unsigned paths from trusted users only.
    #[error(
        "the Nix daemon does not trust {user}, and takes {path} from trusted users only, since it has no signature: have its \
         /etc/nix/nix.conf name this user in trusted-users, and restart it; or run as root (sudo); or start without its \
         store: nix-seed run"
    )]
    NotTrusted {
        /// The first such path.
        path: StorePath,
        /// Who was refused.
        user: String,
    },
    /// No folder is known for the record.
    #[error(
        "the store belongs to a Nix daemon, so what is done there is recorded in the user's own folder, and there is none: set HOME, or XDG_STATE_HOME, to an absolute path"
    )]
    NoHome,
    /// A daemon could be given none of the paths first.
    #[error("{path} and others refer to each other in a circle; no store can hold such paths: the seed is broken")]
    Circle {
        /// One of them.
        path: StorePath,
    },
    /// macOS does not let `/nix` be made, or be taken away.
    #[error("/nix on macOS: {why}")]
    Macos {
        /// What is in the way.
        why: String,
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
    /// Frames of the seed cannot be read.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Frames(#[from] nix_seed_frames::Error),
    /// A mounted seed whose server has ended cannot be served again.
    #[error(
        "what is mounted here cannot be served again: {why}; give it up, with what was built over it: nix-seed down --discard"
    )]
    Mount {
        /// Why not.
        why: String,
    },
    /// A seed was mounted here, something was built over it, and nobody serves it.
    #[error(
        "{digest} was mounted here, the process that served it has ended, and something was built over it: bring that up again, or \
         give it up: nix-seed down --discard"
    )]
    DeadMount {
        /// The other seed's digest.
        digest: String,
    },
    /// Seeds were unpacked over the one that is mounted.
    #[error("{} came up over {digest}, which is mounted: take it down first: nix-seed down {}", others.join(", "), others.first().map_or("", |other| other))]
    OthersUp {
        /// The digest of the seed that is mounted.
        digest: String,
        /// Those of the others.
        others: Vec<String>,
    },
    /// Something was built over a mounted seed, and would be lost with it.
    #[error(
        "{} was built over the seed, which is mounted, and goes with it{}: copy what is to stay elsewhere (nix copy), or give it up: \
         nix-seed down --discard", paths.first().map_or_else(String::new, ToString::to_string), and_others(paths.len())
    )]
    Results {
        /// The paths.
        paths: Vec<StorePath>,
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

/// How many more there are than one.
fn and_others(count: usize) -> String {
    match count.saturating_sub(1) {
        0 => String::new(),
        1 => ", and another result".into(),
        others => format!(", and {others} other results"),
    }
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
        match self {
            Self::Full { .. } => true,
            Self::Store(error) => error.is_full_disk(),
            _ => false,
        }
    }
}
