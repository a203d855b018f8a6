//! The numbers of the encoding: see `doc/format.md`, "The index".

/// What every index begins with.
pub(super) const MAGIC: &[u8; 8] = b"nix-seed";
/// The version of the encoding. A reader refuses any other.
pub(super) const VERSION: u32 = 1;
/// Magic, version, number of sections.
pub(super) const HEADER: usize = 16;
/// Tag, flags, offset, length.
pub(super) const SECTION: usize = 24;
/// A section that a reader must understand or refuse the index.
pub(super) const REQUIRED: u32 = 1;
/// The most sections that an index may have.
pub(super) const SECTIONS_MAX: usize = 64;

/// The required sections of version 1, in the order in which they are written.
pub(super) const LAYERS: &[u8; 4] = b"LAYR";
pub(super) const FRAMES: &[u8; 4] = b"FRAM";
pub(super) const PATHS: &[u8; 4] = b"PATH";
pub(super) const REFERENCES: &[u8; 4] = b"REFS";
pub(super) const ENTRIES: &[u8; 4] = b"ENTR";
pub(super) const STRINGS: &[u8; 4] = b"STRS";
/// Sections that are not required, and not there where they have no records.
pub(super) const RESTRICTIONS: &[u8; 4] = b"RSTR";
pub(super) const LINKS: &[u8; 4] = b"LINK";
pub(super) const REASONS: &[u8; 4] = b"WHYS";
pub(super) const ORDER: &[u8; 4] = b"ORDR";

/// The bytes of one record.
pub(super) const LAYER: usize = 96;
pub(super) const FRAME: usize = 48;
pub(super) const PATH: usize = 88;
pub(super) const REFERENCE: usize = 8;
pub(super) const ENTRY: usize = 40;
pub(super) const RESTRICTION: usize = 16;
pub(super) const LINK: usize = 12;
pub(super) const REASON: usize = 8;
pub(super) const ORDERED: usize = 4;

/// The most records that each table may hold, far above any store: what claims more is refused before it is read.
pub(super) const LAYERS_MAX: usize = 1 << 10;
pub(super) const RECORDS_MAX: usize = 1 << 23;

/// The kinds of restrictions.
pub(super) const KIND_LICENSE: u32 = 1;
pub(super) const KIND_PRIVATE_SOURCE: u32 = 2;

/// What the first link of a chain has in the place of the link before it.
pub(super) const NO_LINK: u32 = u32::MAX;
/// The most links of a chain, and of all chains together, each counted as often as chains hold it: a link in memory is
/// larger than its text, which [`COPIED_MAX`] limits.
pub(super) const CHAIN_MAX: usize = 1000;
pub(super) const CHAINS_MAX: usize = 1 << 22;

/// The modes of a store's files, with their types, as `stat(2)` gives them.
pub(super) const MODE_DIRECTORY: u32 = 0o040_555;
pub(super) const MODE_FILE: u32 = 0o100_444;
pub(super) const MODE_EXECUTABLE: u32 = 0o100_555;
pub(super) const MODE_SYMLINK: u32 = 0o120_777;

/// The most bytes of a file's name and of a symbolic link's target (Linux's `NAME_MAX`, and `PATH_MAX` less its zero),
/// and of any other string.
pub(super) const NAME_MAX: u32 = 255;
pub(super) const TARGET_MAX: u32 = 4095;
pub(crate) const TEXT_MAX: u32 = 512;

/// The most bytes that the strings of all records may have, each counted as often as records name it: so much is copied.
pub(super) const COPIED_MAX: u64 = 256 << 20;
