//! The services that vouch for a signature: a certificate authority (Fulcio), time-stamp authorities, transparency logs (Rekor).

mod fulcio;
mod http;
mod rekor;
mod timestamp;

pub(crate) use fulcio::certificate;
pub use http::Http;
pub(crate) use rekor::log;
pub(crate) use timestamp::timestamp;
use url::Url;

use crate::{Error, Result};

/// Where the services are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// The certificate authority.
    pub fulcio: Option<Url>,
    /// The time-stamp authorities; each is asked.
    pub timestamp: Vec<Url>,
    /// The logs; each is asked.
    pub rekor: Vec<Rekor>,
}

/// A transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekor {
    /// Its base URL.
    pub url: Url,
    /// What it speaks.
    pub version: RekorVersion,
}

/// What a log speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RekorVersion {
    /// Rekor v1: it vouches for the time of an entry, and takes Ed25519.
    V1,
    /// Rekor v2: tiles; the time has to come from somebody else.
    V2,
}

impl Services {
    /// Sigstore's public-good instance: what its signing configuration names first.
    pub fn public_good() -> Self {
        let url = |text: &str| Url::parse(text).ok();
        Self {
            fulcio: url("https://fulcio.sigstore.dev"),
            timestamp: url("https://timestamp.sigstore.dev/api/v1/timestamp").into_iter().collect(),
            rekor: url("https://rekor.sigstore.dev")
                .map(|url| Rekor { url, version: RekorVersion::V1 })
                .into_iter()
                .collect(),
        }
    }

    /// Says before anything is signed why nothing could come of it.
    pub(crate) fn check(&self, algorithm: &'static str, is_keyless: bool) -> Result<()> {
        if self.rekor.is_empty() {
            return Err(Error::Missing {
                what: "a transparency log",
                mend: "name one: --rekor, or `services.rekor` in seedCfg",
            });
        }
        if is_keyless && self.fulcio.is_none() {
            return Err(Error::Missing {
                what: "a certificate authority",
                mend: "name one: --fulcio, or `services.fulcio` in seedCfg",
            });
        }
        let second = self.rekor.iter().find(|rekor| rekor.version == RekorVersion::V2);
        if second.is_some() && is_keyless && self.timestamp.is_empty() {
            let mend = "Rekor v2 vouches for no time, and a certificate is valid for minutes: name one with --timestamp, or `services.timestamp` in seedCfg";
            return Err(Error::Missing { what: "a time-stamp authority", mend });
        }
        match second {
            Some(rekor) if algorithm != "P-256" => Err(Error::Unsuitable {
                algorithm,
                service: format!("the Rekor v2 log at {}", rekor.url),
                why: "it takes P-256 alone as readers verify it; sign with a P-256 key, or log to a Rekor v1 (--rekor-version 1)",
            }),
            _ => Ok(()),
        }
    }
}
