//! The transparency logs. Each may be stopped and started again, with all that is in it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use super::authority::Authority;
use super::key::{Algorithm, Key};
use super::programs::Programs;
use crate::registry::service::Service;

/// Rekor v2 publishes checkpoints as often as it can.
const CHECKPOINTS: &str = "100ms";
/// Entries that come within this time are integrated together.
const BATCH: &str = "20ms";

/// A log, which runs when it is given out.
pub struct Log {
    service: Mutex<Option<Service>>,
    command: Box<dyn Fn() -> Command + Send + Sync>,
    /// What it says once it listens everywhere.
    ready: &'static str,
    version: u32,
    address: SocketAddr,
    key: Key,
    folder: PathBuf,
}

impl Log {
    /// Rekor v2 in a folder of its own. `ports` are three of one address: HTTP, gRPC, metrics.
    pub(super) fn v2(programs: &Programs, folder: PathBuf, ports: [SocketAddr; 3], key: Key) -> Result<Self> {
        let key_file = prepare(&folder, &key)?;
        let storage = folder.join("storage");
        fs::create_dir_all(&storage)?;
        let [http, grpc, metrics] = ports;
        let (programs, home) = (programs.clone(), folder.clone());
        let command = move || {
            let mut command = programs.rekor_v2();
            command.arg("serve");
            let host = http.ip().to_string();
            let mut set = |option: &str, value: &str| {
                command.arg(format!("--{option}")).arg(value);
            };
            set("hostname", &host);
            set("http-address", &host);
            set("http-port", &http.port().to_string());
            set("http-metrics-port", &metrics.port().to_string());
            set("grpc-address", &host);
            set("grpc-port", &grpc.port().to_string());
            set("checkpoint-interval", CHECKPOINTS);
            set("batch-max-age", BATCH);
            command.arg("--storage-dir").arg(&storage).arg("--signer-filepath").arg(&key_file);
            command.env("HOME", &home).current_dir(&home);
            command
        };
        Self::new(2, command, "starting http metrics", http, key, folder)
    }

    /// Rekor v1, whose entries are in the authority's Trillian.
    pub(super) fn v1(
        programs: &Programs,
        folder: PathBuf,
        address: SocketAddr,
        key: Key,
        authority: &Authority,
    ) -> Result<Self> {
        let key_file = prepare(&folder, &key)?;
        let (programs, home) = (programs.clone(), folder.clone());
        let (trillian, tree) = (authority.trillian(), authority.tree());
        let command = move || {
            let mut command = programs.rekor_v1();
            let mut set = |option: &str, value: &str| {
                command.arg(format!("--{option}")).arg(value);
            };
            set("host", &address.ip().to_string());
            set("port", &address.port().to_string());
            set("origin", &address.ip().to_string());
            set("trillian-host", &trillian.ip().to_string());
            set("trillian-port", &trillian.port().to_string());
            set("tree", &tree.to_string());
            command.arg("--key").arg(&key_file).env("HOME", &home).current_dir(&home);
            command
        };
        Self::new(1, command, "Serving rekor server at ", address, key, folder)
    }

    fn new(
        version: u32,
        command: impl Fn() -> Command + Send + Sync + 'static,
        ready: &'static str,
        address: SocketAddr,
        key: Key,
        folder: PathBuf,
    ) -> Result<Self> {
        let command = Box::new(command);
        let log = Self { service: Mutex::default(), command, ready, version, address, key, folder };
        log.start()?;
        Ok(log)
    }

    /// Stops it as a crash does; connections are refused from now on.
    pub fn stop(&self) {
        *self.service() = None;
    }

    /// Starts it again, at the same address and with the same entries. Nothing happens if it runs.
    pub fn start(&self) -> Result<()> {
        let mut service = self.service();
        if service.is_none() {
            let ready = self.ready;
            let (started, ()) = Service::start((self.command)(), move |line| line.contains(ready).then_some(()))
                .with_context(|| format!("Rekor v{} does not start", self.version))?;
            *service = Some(started);
        }
        Ok(())
    }

    /// The major version of its API, 1 or 2.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its checkpoints begin with; of Rekor v1, ` - ` and a number follow.
    pub fn origin(&self) -> String {
        self.address.ip().to_string()
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    /// By what trusted roots, and the entries that it gives out, name it.
    pub fn id(&self) -> [u8; 32] {
        if self.version == 1 { self.key.log_id() } else { self.key.checkpoint_id(&self.origin()) }
    }

    /// The static files of Rekor v2 (C2SP tlog-tiles: `checkpoint`, `tile/…`), which its own server does not serve.
    ///
    /// A [`crate::registry::files::FileServer`] does.
    pub fn files(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// What it has written since it was started.
    pub fn output(&self) -> String {
        self.service().as_ref().map(Service::log).unwrap_or_default()
    }

    fn service(&self) -> MutexGuard<'_, Option<Service>> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the key into the folder, and gives the file.
fn prepare(folder: &Path, key: &Key) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = folder.join("key.pem");
    fs::write(&file, key.private_pem()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// The key of a log of each version, as the public ones have them.
pub(super) fn usual_algorithm(version: u32) -> Algorithm {
    if version == 1 { Algorithm::P256 } else { Algorithm::Ed25519 }
}
