//! The seed's image format.
//!
//! A seed is an OCI image (OCI Image Format Specification 1.1) whose layers are
//! `application/vnd.oci.image.layer.v1.tar+zstd`. `doc/format.md` in the repository specifies what it adds: layers of
//! independent zstd frames that never cross a store path, and an index in the last layer. Any OCI client reads a seed
//! as an ordinary image; a client that knows the index can fetch, check and unpack single store paths.
//!
//! The way of a store path: [`layer`] reads it once and puts its frames into a layer, as the [`partition`] says;
//! [`image`] adds the metadata layer ([`metadata`]) with the [`index`], and OCI's documents; [`layout`] and [`verify`] go
//! the way back.
//!
//! Deviations from the OCI specification: none. `created` is 1970-01-01T00:00:01Z in every image.

mod frame;
mod parallel;
mod tar_stream;

pub mod image;
pub mod index;
pub mod layer;
pub mod layout;
pub mod metadata;
pub mod output;
pub mod partition;
pub mod summary;
pub mod verify;

mod error;

pub use error::{Error, Result};
pub use frame::{FRAME_MAX, Frame};

/// Threads that one operation uses where it is not told: all cores, but at most eight.
///
/// A layer's hashes take its bytes in order, one thread at a time, and eight threads compress as fast as that one
/// hashes. With eight, writing takes less than 256 MiB of memory, whatever is written.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}
