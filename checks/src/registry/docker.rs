//! Debian's docker-registry (2.8), the registry that most others descend from.
//!
//! It has no referrers API: clients have to fall back to a tag that is named after a digest. It serves ranges, mounts blobs across
//! repositories, resumes uploads, and asks for what its settings say.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::debian::program as debian;
use crate::machine::cache::Cache;
use crate::machine::programs;
use crate::registry::service::Service;
use crate::registry::token::{ISSUER, SERVICE, TokenServer};

const PROGRAM: &str = "docker-registry";
const SUITE: &str = "trixie";
/// The cheapest there is: passwords of tests are no secrets.
const BCRYPT_COST: u32 = 4;

/// Whom a registry lets in.
#[derive(Clone, Copy)]
pub enum Auth<'a> {
    Everybody,
    /// One who has this name and this password.
    Basic(&'a str, &'a str),
    /// Whoever has a token of this server.
    Token(&'a TokenServer),
}

/// A registry of its own, empty at first, until it is dropped.
pub struct DockerRegistry {
    // Dropped in this order: the program ends before its folder goes.
    service: Service,
    folder: TempDir,
    address: SocketAddr,
}

impl DockerRegistry {
    /// Starts a registry in a folder of the cache, which permits manifests and blobs to be deleted.
    pub fn start(cache: &Cache, auth: Auth) -> Result<Self> {
        Self::start_with(cache, auth, true)
    }

    /// As [`Self::start`]; where nothing may be deleted, it answers with 405 whoever tries.
    pub fn start_with(cache: &Cache, auth: Auth, delete: bool) -> Result<Self> {
        let folder =
            tempfile::tempdir_in(cache.folder("registries")?).context("cannot make a folder for a registry")?;
        let settings = folder.path().join("settings.yml");
        // JSON is YAML.
        fs::write(&settings, self::settings(folder.path(), auth, delete)?.to_string())?;
        let mut command = Command::new(program(cache)?);
        command.arg("serve").arg(settings);
        let (service, address) = Service::start(command, address)?;
        Ok(Self { service, folder, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it keeps blobs, as `docker/registry/v2/blobs/sha256/ab/ab…/data`.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        self.service.log()
    }
}

/// The machine's docker-registry, or Debian's, in the cache.
///
/// It is unpacked, not installed: its package starts a registry for the whole network, and fails where no service can be started.
pub fn program(cache: &Cache) -> Result<PathBuf> {
    if programs::is_on_path(PROGRAM) {
        return Ok(PROGRAM.into());
    }
    debian::unpacked(cache, SUITE, PROGRAM)
}

fn settings(folder: &Path, auth: Auth, delete: bool) -> Result<Value> {
    let mut settings = json!({
        "version": "0.1",
        "log": { "level": "info" },
        "storage": {
            "filesystem": { "rootdirectory": folder.join("storage") },
            "delete": { "enabled": delete },
            "maintenance": { "uploadpurging": { "enabled": false } },
        },
        // It says which port it got.
        "http": { "addr": "127.0.0.1:0", "secret": "of no worth" },
    });
    match auth {
        Auth::Everybody => {}
        Auth::Basic(name, password) => {
            let path = folder.join("passwords");
            fs::write(&path, format!("{name}:{}\n", bcrypt::hash(password, BCRYPT_COST)?))?;
            settings["auth"] = json!({ "htpasswd": { "realm": SERVICE, "path": path } });
        }
        Auth::Token(server) => {
            let bundle = folder.join("certificates.pem");
            fs::write(&bundle, server.certificate())?;
            settings["auth"] = json!({ "token": {
                "realm": server.realm(), "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle,
            } });
        }
    }
    Ok(settings)
}

/// From `… msg="listening on 127.0.0.1:1234" …`.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split(['"', ' ', ',']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_address_from_the_log() {
        let line = r#"time="…" level=info msg="listening on 127.0.0.1:34295" go.version=go1.19.8"#;
        assert_eq!(address(line), "127.0.0.1:34295".parse().ok());
        assert_eq!(address(r#"level=info msg="redis not configured""#), None);
    }
}
