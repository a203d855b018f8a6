use std::path::PathBuf;

use nix_seed_store::StorePath;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a seed cannot be written, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store, or its description, is at fault.
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
    /// The target of a write is there already.
    #[error("{path} exists already; name another --out", path = path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// What lies in the store is not what Nix registered.
    #[error(
        "{path} is not what Nix registered: its NAR hash is {found} ({found_size} bytes), not {expected} \
         ({expected_size} bytes); repair the store: nix store repair {path}"
    )]
    NarHash {
        /// The store path.
        path: StorePath,
        /// The hash of what was read.
        found: nix_seed_store::Sha256Hash,
        /// The length of what was read.
        found_size: u64,
        /// The hash in the closure graph.
        expected: nix_seed_store::Sha256Hash,
        /// The length in the closure graph.
        expected_size: u64,
    },
    /// The image's configuration is not what OCI allows.
    #[error("the image's config: {why}; see the OCI image specification, \"config\", for what may stand there")]
    Config {
        /// Which field, and what is wrong with it.
        why: String,
    },
    /// A file of the image's root cannot be made.
    #[error("the image's root: {path:?}: {why}")]
    Root {
        /// The file's path in the image.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A store path holds a file that no image can.
    #[error(
        "{path} holds a file named {name:?}: OCI clients take a name that begins with \".wh.\" for a deletion, so no \
         image can hold it; leave out of the seed what needs {path}"
    )]
    Whiteout {
        /// The store path.
        path: StorePath,
        /// The file's name.
        name: String,
    },
    /// A garbage collector root outside the closure.
    #[error("{path} is to be kept from the garbage collector, but is not part of the seed; add it to a group")]
    GcRoot {
        /// The store path.
        path: StorePath,
    },
    /// A spec's reason for a path to be in the seed is none.
    #[error("the reasons: the chain of {path} {why}; give it the links that lead to the path, each of 1 to 512 bytes")]
    Chain {
        /// The path, as the spec names it.
        path: StorePath,
        /// What is wrong with its chain.
        why: &'static str,
    },
    /// A recording is none.
    #[error(
        "the recording of a start: {why}; doc/recording.md in nix-seed says what it has to hold. Record the start again, or leave it out"
    )]
    Recording {
        /// Where and how.
        why: String,
    },
    /// A path is asked for that the seed does not hold.
    #[error(
        "{given:?} is not in the seed: no store path there has this path, base name, hash or name (inspect --paths lists them)"
    )]
    NotInSeed {
        /// What was asked for.
        given: String,
    },
    /// A path is asked for by a name that several bear. `candidates` has its own lines.
    #[error("{given:?} may be one of several store paths; name one of them by its path or hash:\n{candidates}")]
    Ambiguous {
        /// What was asked for.
        given: String,
        /// A line for each.
        candidates: String,
    },
    /// Groups that are put together share a path.
    #[error("{path} is part of two groups; a group must leave out what an earlier one holds (--earlier)")]
    Shared {
        /// The store path.
        path: StorePath,
    },
    /// The closure is larger than allowed. `top` has its own lines.
    #[error(
        "the closure is {size} bytes, over the limit of {limit} (maxSize); the largest contributors:\n{top}\
         Raise maxSize, or leave out what needs one of these (mkSeed: exclude, filter)"
    )]
    TooLarge {
        /// The sum of the NAR lengths.
        size: u64,
        /// What was allowed.
        limit: u64,
        /// A line per contributor.
        top: String,
    },
    /// More layers are needed than allowed.
    #[error("the image would have {layers} layers, over the limit of {limit}; raise maxLayers")]
    TooManyLayers {
        /// How many there would be.
        layers: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A group's name is none.
    #[error("the group's name has {length} bytes; give it one of 1 to 512 bytes")]
    GroupName {
        /// How many bytes it has.
        length: usize,
    },
    /// A folder is not what `layers` writes.
    #[error("{path} holds no group's layers: there is no regular file \"index\" in it; give a folder that `nix-seed-helper layers` wrote", path = path.display())]
    NoGroup {
        /// The folder.
        path: PathBuf,
    },
    /// A folder is no OCI image layout.
    #[error("{path} is no OCI image layout: there is no file \"index.json\" in it; build one with: nix build .#seed", path = path.display())]
    NoLayout {
        /// The folder.
        path: PathBuf,
    },
    /// The seed would be one that no reader accepts.
    #[error("no seed can hold this: {why}; for all limits see doc/format.md, \"Limits\"")]
    Limit {
        /// What is too large, and how large it may be.
        why: String,
    },
    /// A document of the image cannot be read.
    #[error("{what}: {why}; the seed is damaged or was not made by nix-seed: build or fetch it again")]
    Document {
        /// The document, as a file name or a role: "index.json".
        what: String,
        /// Where and how.
        why: String,
    },
    /// The index cannot be believed.
    #[error("the seed's index: {why}; the seed is damaged or was not made by nix-seed: build or fetch it again")]
    Index {
        /// Where and how.
        why: String,
    },
    /// Another thread failed; its error is the one to show.
    #[error("stopped, since another part of the work failed")]
    Stopped,
    /// A part of the image differs from what another part says of it.
    #[error("{what}: {why}; the seed is damaged: build or fetch it again")]
    Mismatch {
        /// The blob, frame or store path.
        what: String,
        /// What differs.
        why: String,
    },
}

impl Error {
    /// An [`Error::Io`], for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// An [`Error::Index`].
    pub(crate) fn index(why: impl Into<String>) -> Self {
        Self::Index { why: why.into() }
    }

    /// An [`Error::Document`].
    pub(crate) fn document(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Document { what: what.into(), why: why.to_string() }
    }

    /// An [`Error::Mismatch`].
    pub(crate) fn mismatch(what: impl ToString, why: impl Into<String>) -> Self {
        Self::Mismatch { what: what.to_string(), why: why.into() }
    }
}
