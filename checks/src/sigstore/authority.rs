//! Fulcio with its certificate log, the issuer of tokens, and Trillian: one program.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

use super::http;
use super::programs::Programs;
use super::token::Kind;
use crate::registry::service::Service;

/// What it says once it is there (`services/authority/main.go`); bytes are base64.
#[derive(Deserialize)]
struct Ready {
    chain: Vec<String>,
    certificate_log: String,
    tree: u64,
}

pub(super) struct Authority {
    service: Service,
    address: SocketAddr,
    trillian: SocketAddr,
    /// DER, the root last.
    chain: Vec<Vec<u8>>,
    /// DER.
    certificate_log: Vec<u8>,
    tree: u64,
}

impl Authority {
    pub(super) fn start(programs: &Programs, folder: &Path, address: SocketAddr, trillian: SocketAddr) -> Result<Self> {
        let mut command = programs.authority();
        command.arg("--address").arg(address.to_string()).arg("--trillian").arg(trillian.to_string());
        command.env("TMPDIR", folder).current_dir(folder);
        let (service, line) = Service::start(command, |line| line.strip_prefix("ready ").map(str::to_owned))?;
        let ready: Ready = serde_json::from_str(&line).context("what the authority says is not understood")?;
        let decode = |text: &String| BASE64.decode(text.as_bytes()).context("the authority says no base64");
        Ok(Self {
            service,
            address,
            trillian,
            chain: ready.chain.iter().map(decode).collect::<Result<_>>()?,
            certificate_log: decode(&ready.certificate_log)?,
            tree: ready.tree,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn issuer(&self, kind: Kind) -> String {
        format!("{}/{}", self.url(), kind.name())
    }

    pub(super) fn certificate_log_url(&self) -> String {
        format!("{}/ct", self.url())
    }

    pub(super) fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    pub(super) fn certificate_log_key(&self) -> &[u8] {
        &self.certificate_log
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn trillian(&self) -> SocketAddr {
        self.trillian
    }

    /// The tree that is there for a Rekor v1.
    pub(super) fn tree(&self) -> u64 {
        self.tree
    }

    pub(super) fn mint(&self, kind: Kind, claims: &Value) -> Result<String> {
        mint(self.address, kind, claims)
    }

    pub(super) fn output(&self) -> String {
        self.service.log()
    }
}

/// A token of the issuer that is served there.
pub(super) fn mint(issuer: SocketAddr, kind: Kind, claims: &Value) -> Result<String> {
    let claims = kind.with(claims).to_string();
    let token = http::ask(issuer, "POST", &format!("/{}/mint", kind.name()), claims.as_bytes())?;
    String::from_utf8(token).context("a token is no text")
}
