//! Registries to test against, and what goes wrong between them and a client.
//!
//! Everything listens on loopback, on ports of its own, and ends when it is dropped. Nothing is shared, so tests may run side by side.

pub mod docker;
pub mod fault;
pub mod ferro;
pub mod files;
pub(crate) mod http;
mod issuer;
mod link;
pub mod proxy;
mod relay;
pub(crate) mod server;
pub(crate) mod service;
pub mod token;
pub mod traffic;

use anyhow::Result;

use crate::machine::cache::Cache;

/// Brings into the cache what the registries need, which takes about a minute once.
pub fn prepare(cache: &Cache) -> Result<()> {
    docker::program(cache)?;
    ferro::program(cache)?;
    Ok(())
}
