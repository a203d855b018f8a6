use std::ffi::OsString;
use std::path::PathBuf;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command cannot be run over a seed, or its results cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The seed is at fault.
    #[error(transparent)]
    Image(#[from] nix_seed_image::Error),
    /// The seed cannot be found or read.
    #[error(transparent)]
    Source(#[from] nix_seed_source::Error),
    /// The seed cannot be unpacked, or results not be brought to a store.
    #[error(transparent)]
    Start(#[from] nix_seed_start::Error),
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
    /// Frames of the seed cannot be read.
    #[error(transparent)]
    Frames(#[from] nix_seed_frames::Error),
    /// The seed cannot be mounted here; it can be unpacked.
    #[error("the seed cannot be mounted here: {why}; try it as root, on a Linux with FUSE and overlays")]
    NotMounted {
        /// Why not.
        why: String,
    },
    /// A signal ended what prepares the command.
    #[error("the command had not begun when signal {signal} ended what prepares it")]
    Ended {
        /// The signal's number.
        signal: i32,
    },
    /// Two digests have the same first digits.
    #[error("{path} holds the seed {found}, not {wanted}; remove it", path = path.display())]
    OtherSeed {
        /// What says which seed it is.
        path: PathBuf,
        /// The digest that was found.
        found: String,
        /// The digest that was asked for.
        wanted: String,
    },
    /// An image's layer cannot be unpacked.
    #[error("layer {layer}: {why}; fetch or build the image again")]
    Layer {
        /// The layer's digest.
        layer: String,
        /// Which entry, and what is wrong with it.
        why: String,
    },
    /// An image without Nix.
    #[error(
        "{what} holds no Nix store: there is no {missing} in it; name an image that nix-seed made, or one that Nix works in"
    )]
    NoStore {
        /// The image.
        what: String,
        /// What a store has.
        missing: &'static str,
    },
    /// The kernel gives no namespaces.
    #[error("a namespace of its own is refused ({source}): {mend}")]
    Namespaces {
        /// The operating system's answer.
        source: std::io::Error,
        /// What to do.
        mend: String,
    },
    /// The kernel does not allow what a namespace is for.
    #[error("{doing}: {source}; {mend}")]
    Mount {
        /// What was being done: "mounting /nix".
        doing: String,
        /// The operating system's answer.
        source: std::io::Error,
        /// What to do.
        mend: String,
    },
    /// The folder that the command was called in is not there inside.
    #[error("{path}: {source}: the command cannot begin there, as it sees the seed's /nix and not this machine's; call it from another folder", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Builds would run unsandboxed.
    #[error(
        "builds cannot be sandboxed here: {why}; run as root, or go on without it by leaving out --require-sandbox"
    )]
    NoSandbox {
        /// What is missing.
        why: &'static str,
    },
    /// The command cannot be started.
    #[error("{program:?} cannot be started: {source}; it is looked for in the seed, then in PATH")]
    Command {
        /// The command.
        program: OsString,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Results cannot be kept where they should be.
    #[error("{path}: the results cannot be kept there: {why}; name another --out", path = path.display())]
    Out {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file is where a link should go.
    #[error("{path} is there already and is no link; name another --out", path = path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub(crate) fn io<E: Into<std::io::Error>>(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source: source.into() }
    }
}
