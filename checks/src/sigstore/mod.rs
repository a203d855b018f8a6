//! Sigstore's services, and programs of others that use them: what signatures and logs are tested against.
//!
//! Everything listens on loopback, at addresses of its own, and ends when it is dropped. Nothing is shared, so tests may run side by side.

mod addresses;
mod authority;
pub mod hsm;
mod http;
pub mod job;
pub mod key;
pub mod log;
pub mod programs;
mod sources;
pub mod stack;
mod timestamp;
pub mod token;
pub mod tools;
mod trust;

pub use stack::{Options, Stack};

use anyhow::Result;

use crate::machine::cache::Cache;

/// Brings into the cache what the tests of signatures need.
pub fn prepare(cache: &Cache) -> Result<()> {
    programs::Programs::prepare(cache)?;
    tools::prepare(cache)
}
