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

/// What a statement of any version says it is, without the number; cosign still writes v0.1.
const ANY_STATEMENT: &str = "https://in-toto.io/Statement/";

fn header(bytes: &[u8], is_known: impl Fn(&str) -> bool) -> Result<Header> {
    let header: Header = json::read(bytes, Limits::STATEMENT, "an in-toto statement")?;
    if is_known(&header.kind) {
        return Ok(header);
    }
    Err(Error::Type { found: header.kind.chars().take(128).collect() })
}

/// The predicate type of a statement of any kind and version: which of them it is.
pub fn predicate_type(bytes: &[u8]) -> Result<String> {
    Ok(header(bytes, |kind| kind.starts_with(ANY_STATEMENT))?.predicate_type)
}

/// Refuses a statement of another version, or whose predicate is not of the type `expected`.
pub(crate) fn check_predicate(bytes: &[u8], expected: &'static str) -> Result<()> {
    let found = header(bytes, |kind| kind == STATEMENT_TYPE)?.predicate_type;
    if found == expected {
        return Ok(());
    }
    Err(Error::Predicate { found: found.chars().take(128).collect(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_others_are_known_by_their_type_and_no_more() {
        let statement = |kind: &str| format!(r#"{{"_type":"{kind}","predicateType":"https://example.org/t","x":1}}"#);
        for kind in [STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"] {
            assert_eq!(predicate_type(statement(kind).as_bytes()).unwrap(), "https://example.org/t");
        }
        assert!(predicate_type(statement("https://example.org/Statement/v1").as_bytes()).is_err());
        let older = statement("https://in-toto.io/Statement/v0.1");
        assert!(matches!(check_predicate(older.as_bytes(), "https://example.org/t"), Err(Error::Type { .. })));
    }
}
