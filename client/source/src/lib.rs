//! A seed wherever it lies: in an OCI image layout on disk, or in a registry.
//!
//! One way to all of its bytes, and one to what may be believed: a digest vouches for the manifest, that for
//! configuration and metadata layer, and the index in it for every frame of every other layer
//! (`doc/format.md`, "Reading one store path").

mod error;
mod keep;
mod location;
mod open;
mod remote;
mod source;

pub use error::{Error, Result};
pub use keep::Keep;
pub use location::Location;
pub use open::{Found, Platform};
pub use source::Source;
