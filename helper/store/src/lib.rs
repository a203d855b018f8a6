//! Nix's own formats, as far as a seed needs them.
//!
//! One small crate between the rest of the project and Nix, so that a published implementation of the same
//! formats can replace its inside. Specifications followed:
//!
//! - store paths, hashes and the database: the Nix manual, "Store Object" and "Store Path", and the schema that
//!   Nix 2.8 to 2.34 share (version 10);
//! - NAR: the Nix manual, "Nix Archive (NAR) format"; also E. Dolstra's thesis, figure 5.2;
//! - derivations: the Nix manual, "Derivation", "ATerm format";
//! - hashes of content: the Nix manual, "Content-Addressing Store Objects";
//! - closure graphs: the JSON that `exportReferencesGraph` writes with structured attributes and that
//!   `nix path-info --json --recursive` prints.
//!
//! Deviations: only the store directory `/nix/store` is known, of NARs only SHA-256 is read, and fields of a closure graph
//! that a seed does not carry (signatures, deriver, closure size) are ignored.

mod closure;
mod content;
mod database;
mod derivation;
mod error;
mod graph;
mod hash;
mod live;
mod nar;
mod path;
mod tree;

pub use closure::{Closure, PathInfo};
pub use content::{ContentHash, HashAlgorithm, HashMethod};
pub use database::{REGISTRATION_TIME, SCHEMA_VERSION, database_bytes, is_database_of};
pub use derivation::{Derivation, FixedOutput, Output, OutputKind};
pub use error::{Error, Result};
pub use graph::{GRAPH_MAX, Graph};
pub use hash::Sha256Hash;
pub use live::{LiveDatabase, database_folder};
pub use nar::NarHasher;
pub use path::{STORE_DIR, StorePath, parse_drv_name};
pub use tree::{Event, walk};
