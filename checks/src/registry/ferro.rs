//! ferro-oci-server, the registry with a referrers API.
//!
//! Its program rather than its library, which would bring an async runtime and a hundred crates into this workspace. It knows no
//! authentication and no ranges (a `GET` is always answered with 200 and everything), and holds each blob in memory: it is
//! for small images. The proxy adds what it lacks, apart from ranges.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::machine::cache::Cache;
use crate::machine::programs;
use crate::registry::service::Service;

const PROGRAM: &str = "ferro-oci-server";
const VERSION: &str = "1.0.0";
/// How often another port is tried, since somebody else may take one that was free.
const TRIES: u32 = 8;

/// A registry of its own, empty at first, until it is dropped.
pub struct FerroRegistry {
    // Dropped in this order: the program ends before its folder goes.
    service: Service,
    folder: TempDir,
    address: SocketAddr,
}

impl FerroRegistry {
    pub fn start(cache: &Cache) -> Result<Self> {
        let program = program(cache)?;
        let folder =
            tempfile::tempdir_in(cache.folder("registries")?).context("cannot make a folder for a registry")?;
        let mut tries = 0;
        loop {
            let address = free_port()?;
            let mut command = Command::new(&program);
            command.env("FERRO_OCI_LISTEN", address.to_string()).env("FERRO_OCI_STORAGE_DIR", folder.path());
            command.env("RUST_LOG", "info").env("NO_COLOR", "1");
            // It says so only once the port is its own.
            match Service::start(command, |line| line.contains(" listening ").then_some(())) {
                Ok((service, ())) => return Ok(Self { service, folder, address }),
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it keeps blobs, and `metadata.json`.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.service.log()
    }
}

/// The machine's ferro-oci-server, or one that is built in the cache.
pub fn program(cache: &Cache) -> Result<PathBuf> {
    programs::from_registry(cache, PROGRAM, Some(VERSION), &[])
}

fn free_port() -> Result<SocketAddr> {
    let free = || -> io::Result<SocketAddr> { TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr() };
    free().context("no port is free")
}
