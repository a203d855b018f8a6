/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no image of some entries.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The entries do not begin with a root.
    #[error("the entries have no root: the first has to be a folder with an empty name whose parent is 0, itself")]
    Root,
    /// An entry cannot be in an image.
    #[error("entry {index}, {name:?}: {flaw}")]
    Entry {
        /// Its position.
        index: usize,
        /// Its name, with escapes for what is not ASCII, cut behind 255 bytes.
        name: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// Block addresses have 32 bits.
    #[error(
        "the files' contents and metadata have {blocks} blocks of 4096 bytes, and a device has at most 4294967295, which are \
         16 TiB: make several devices of them"
    )]
    TooLarge {
        /// How many there are.
        blocks: u64,
    },
    /// A kernel's times have a sign.
    #[error(
        "the time {time} is more seconds since 1970 than a kernel can count: take one of at most 9223372036854775807"
    )]
    Time {
        /// The time.
        time: u64,
    },
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// What it is in is not known to be a folder.
    #[error("its parent, entry {parent}, is no folder that comes before it: list each folder before what it holds")]
    Parent {
        /// The parent's position.
        parent: u32,
    },
    /// No file can have such a name.
    #[error("no file can have this name: it has to have bytes, none of them `/` or NUL, and be neither `.` nor `..`")]
    Name,
    /// A name is too long.
    #[error("its name has {length} bytes, and at most 255 are possible: give it a shorter one")]
    NameLength {
        /// Its length.
        length: usize,
    },
    /// A name comes at the wrong place, or once more.
    #[error(
        "its name does not come behind that before it in its folder: sort a folder's names by their bytes, each once"
    )]
    Order,
    /// No link can have such a target.
    #[error("no link can have this target: it has to have 1 to 4095 bytes, none of them NUL")]
    Target,
    /// A mode has other bits than permissions.
    #[error("its mode, {mode:o}, is not only permissions: clear what is above 7777")]
    Mode {
        /// The mode.
        mode: u16,
    },
}
