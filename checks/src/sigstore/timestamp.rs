//! The time-stamp authority (RFC 3161).

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;

use super::http;
use super::programs::Programs;
use crate::registry::service::Service;

pub(super) struct Timestamp {
    service: Service,
    address: SocketAddr,
    /// DER, the root last. New with each start.
    chain: Vec<Vec<u8>>,
}

impl Timestamp {
    pub(super) fn start(programs: &Programs, folder: &Path, address: SocketAddr) -> Result<Self> {
        let mut command = programs.timestamp();
        command.arg("--host").arg(address.ip().to_string()).arg("--port").arg(address.port().to_string());
        command.env("HOME", folder).current_dir(folder);
        let ready = |line: &str| line.contains("Serving timestamp server at ").then_some(());
        let (service, ()) = Service::start(command, ready).context("the time-stamp authority does not start")?;
        let chain = certificates(&http::ask(address, "GET", "/api/v1/timestamp/certchain", b"")?)?;
        Ok(Self { service, address, chain })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/api/v1/timestamp", self.address)
    }

    pub(super) fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    pub(super) fn output(&self) -> String {
        self.service.log()
    }
}

/// The certificates (DER) of a PEM file.
fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(pem).context("certificates are no text")?;
    let mut found = Vec::new();
    for part in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (base64, _) = part.split_once("-----END CERTIFICATE-----").context("a certificate has no end")?;
        let base64: String = base64.split_whitespace().collect();
        found.push(BASE64.decode(base64.as_bytes()).context("a certificate is no base64")?);
    }
    ensure!(!found.is_empty(), "there are no certificates in {text:?}");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_in_their_order() {
        let pem = "-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\n\
                   -----BEGIN CERTIFICATE-----\nAw\n==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(pem.as_bytes()).unwrap(), [vec![1, 2], vec![3]]);
        assert!(certificates(b"").is_err());
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nAQI=\n").is_err());
    }
}
