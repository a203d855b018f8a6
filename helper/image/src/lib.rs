//! The seed's image format.
//!
//! A seed is an OCI image (OCI Image Format Specification 1.1) whose layers are
//! `application/vnd.oci.image.layer.v1.tar+zstd`. `doc/format.md` in the repository specifies what it adds: layers of
//! independent zstd frames that never cross a store path, and an index in the last layer. Any OCI client reads a seed
//! as an ordinary image; a client that knows the index can fetch, check and unpack single store paths.
//!
//! The way of a store path: [`layer`] reads it once and puts its frames into a layer, as the [`partition`] says;
//! [`image`] adds the metadata layer ([`metadata`]) with the [`index`], and OCI's documents. The way back: [`documents`],
//! from a [`layout`] or from elsewhere, make a [`seed`]; a [`PathReader`] gives its paths, [`verify`] reads them all.
//!
//! What a start touches is kept as a [`recording`], of which the next seed's index has the order of its frames.
//!
//! Deviations from the OCI specification: none. `created` is 1970-01-01T00:00:01Z in every image.

mod frame;
mod parallel;
mod path_reader;
mod tar_stream;

pub mod documents;
pub mod image;
pub mod index;
pub mod layer;
pub mod layout;
pub mod metadata;
pub mod output;
pub mod partition;
pub mod recording;
pub mod seed;
pub mod summary;
pub mod verify;
pub mod why;

mod error;

pub use error::{Error, Result};
pub use frame::{Compared, Decoder, FRAME, FRAME_MAX, Frame};
pub use path_reader::PathReader;

/// Threads that one operation uses where it is not told: all cores, but at most eight.
///
/// About a seventh of the work of writing is done in order, by one thread at a time (a layer's two hashes, and its
/// file), so that more would mostly wait. With eight, writing takes less than 256 MiB of memory but for the index.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}
