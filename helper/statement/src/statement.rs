use nix_seed_store::Sha256Hash;
use serde::{Deserialize, Serialize};

use crate::json::{self, Limits};
use crate::{Error, Result, field};

/// The media type of a statement in an envelope (in-toto Attestation Framework v1, "Envelope").
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// What a statement says it is (in-toto Attestation Framework v1, "Statement").
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The SHA-256 of something, as in-toto's DigestSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The hash; 64 hexadecimal digits where it is written.
    #[serde(with = "field::hex")]
    pub sha256: Sha256Hash,
}

/// What a statement is about: in-toto's ResourceDescriptor, of which nix-seed writes name and digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// The SHA-256 of its content.
    pub digest: Digest,
}

/// A statement with a predicate of type `P`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Statement<P> {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) subject: Vec<Subject>,
    pub(crate) predicate_type: String,
    pub(crate) predicate: P,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
}

/// The predicate type of a statement of any kind: which of them it is.
pub fn predicate_type(bytes: &[u8]) -> Result<String> {
    let Header { kind, predicate_type } = json::read(bytes, Limits::STATEMENT, "an in-toto statement")?;
    if kind != STATEMENT_TYPE {
        return Err(Error::Type { found: kind.chars().take(128).collect() });
    }
    Ok(predicate_type)
}

/// Refuses a statement whose predicate is not of the type `expected`.
pub(crate) fn check_predicate(bytes: &[u8], expected: &'static str) -> Result<()> {
    let found = predicate_type(bytes)?;
    if found == expected {
        return Ok(());
    }
    Err(Error::Predicate { found: found.chars().take(128).collect(), expected })
}
