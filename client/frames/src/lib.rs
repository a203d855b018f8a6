//! The frames of a seed on demand.
//!
//! [`Frames`] reads any part of any layer's tar. A frame that is touched for the first time is fetched (one range of the
//! blob), compared with the hash that the index gives, and decompressed; nothing that has not been compared is ever given
//! out. What has been fetched is kept compressed in a [`FrameCache`], which several processes share, and what was touched
//! last decompressed in memory. What nobody has touched yet is streamed in behind, in an order that the caller gives: what is
//! likely to be touched at once, the rest when nobody reads, or when somebody reads much.
//!
//! Every read ends: with bytes, or with an error after [`Options::deadline`] for each frame that it touches. A registry that
//! is down is asked for what somebody waits for, and else left in peace: see [`Options::pause`].

mod backoff;
mod cache;
mod complete;
mod decoders;
mod error;
mod fetcher;
mod file;
mod frames;
mod memory;
mod options;
mod origin;
mod pace;
mod places;
mod queue;
mod room;
#[cfg(test)]
mod testing;

pub use cache::{CACHE_VARIABLE, FrameCache};
pub use error::{Error, Result};
pub use frames::Frames;
pub use options::Options;
pub use places::{Number, Places};
