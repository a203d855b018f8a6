use nix_seed_statement::json::{self, Limits};
use nix_seed_statement::{Error as StatementError, PAYLOAD_TYPE};
use serde::Deserialize;
use serde_json::Value;
use sigstore_crypto::SubjectAltName;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{Sha256Hash, SignatureContent};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy};

use super::{PublicKey, TrustRoot, form, key, logs};
use crate::{Reason, Refusal};

/// A statement, and what is proved of its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The statement, as it was signed.
    pub payload: Vec<u8>,
    /// Who signed it.
    pub signer: Signer,
    /// In which logs that stands: each once, with a proof that has been verified.
    pub entries: Vec<LogEntry>,
    /// When it was signed, by each who vouches for a time; seconds since 1970, sorted. None where a managed key signed
    /// without a time stamp.
    pub times: Vec<i64>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Somebody to whom an authority gave a certificate.
    Identity {
        /// Who it is: an address of a workflow or of a person.
        subject: String,
        /// Who vouches for that.
        issuer: String,
        /// What the certificate says of the build, for people: the commit, the run, the kind of runner.
        claims: Box<Claims>,
    },
    /// Somebody who holds the private key of this one.
    Key(PublicKey),
}

/// What a certificate of Fulcio says of a build (Fulcio, "OID information").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The repository that was built.
    pub source_uri: Option<String>,
    /// The commit that was built.
    pub source_commit: Option<String>,
    /// The branch or tag.
    pub source_ref: Option<String>,
    /// The kind of runner: `github-hosted`, `self-hosted`.
    pub runner: Option<String>,
    /// What started the run: `push`, `pull_request_target`, `merge_request_event`.
    pub trigger: Option<String>,
    /// The run.
    pub run: Option<String>,
}

/// An entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The log's base URL.
    pub log: String,
    /// Its place in the log.
    pub index: u64,
    /// When the log took it in, where the log vouches for that; seconds since 1970.
    pub integrated: Option<i64>,
}

#[derive(Deserialize)]
struct Subjects {
    subject: Vec<AnySubject>,
}

#[derive(Deserialize)]
struct AnySubject {
    digest: std::collections::BTreeMap<String, String>,
}

/// Verifies a bundle: who signed the statement in it, when, and in which logs that stands.
///
/// `keys` are the managed keys that may be it. `at` names the bundle in a refusal. What the statement says, and whether the
/// signer may say it, is not looked at.
pub fn verify(bundle: &[u8], root: &TrustRoot, keys: &[&PublicKey], at: &str) -> Result<Signed, Refusal> {
    json::check(bundle, Limits::BUNDLE).map_err(|error| document(&error, at))?;
    let malformed = |why: &dyn std::fmt::Display| Refusal::new(Reason::Malformed, at, why);
    let text = std::str::from_utf8(bundle).map_err(|error| malformed(&error))?;
    let json: Value = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    check_is_signed(&json, at)?;
    let bundle = form::read(&json, at)?;
    form::check_time_stamps(&bundle, at)?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Refusal::new(Reason::UnknownPayloadType, at, "what is signed is a file, and no statement"));
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        let why = format!("its payload is of the type {:?}", envelope.payload_type);
        return Err(Refusal::new(Reason::UnknownPayloadType, at, why));
    }
    let payload = envelope.payload.as_bytes().to_vec();
    let digest = any_subject(&payload, at)?;
    let hint = match &bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
        _ => None,
    };
    let (signer, (entries, result)) = match hint {
        None => {
            form::check_key_id(envelope, None, at)?;
            let policy = VerificationPolicy::any_identity();
            let (entries, result) = logs::verify_each(&bundle, digest, root, &policy as &dyn Policy, at)?;
            let untrusted = |why| Refusal::new(Reason::UntrustedCertificate, at, why);
            let info = result.certificate().ok_or_else(|| untrusted("it has no certificate"))?;
            key::check(&info.public_key, at)?;
            let subject = match &info.identity {
                Some(SubjectAltName::Email(subject) | SubjectAltName::Uri(subject)) => subject.clone(),
                _ => return Err(untrusted("its certificate names nobody")),
            };
            let issuer = info.issuer.clone().ok_or_else(|| untrusted("its certificate names no issuer"))?;
            let claims = &info.ci_claims;
            let claims = Claims {
                source_uri: claims.source_repository_uri.clone(),
                source_commit: claims.source_repository_digest.clone(),
                source_ref: claims.source_repository_ref.clone(),
                runner: claims.runner_environment.clone(),
                trigger: claims.build_trigger.clone(),
                run: claims.run_invocation_uri.clone(),
            };
            (Signer::Identity { subject, issuer, claims: Box::new(claims) }, (entries, result))
        }
        Some(hint) => {
            // The hint is a name that nobody vouches for: it says which key to try, and no more.
            let known = keys.iter().find(|key| key.hint() == *hint || key.fingerprint() == *hint);
            let known = known.ok_or_else(|| {
                Refusal::new(
                    Reason::UnknownKey,
                    at,
                    format!("it is signed with the key {hint:?}, which the policy does not name"),
                )
            })?;
            form::check_key_id(envelope, Some(known), at)?;
            let policy = PublicKeyVerificationPolicy::new(known.der().clone());
            let verified = logs::verify_each(&bundle, digest, root, &policy as &dyn Policy, at)?;
            (Signer::Key((*known).clone()), verified)
        }
    };
    let mut times: Vec<_> = result.verified_timestamps().iter().map(|time| time.as_second()).collect();
    times.extend(entries.iter().filter_map(|entry| entry.integrated));
    times.sort_unstable();
    times.dedup();
    Ok(Signed { payload, signer, entries, times })
}

/// What an error of a document means: that of a bundle, or of a statement before its form is looked at.
pub(crate) fn document(error: &StatementError, at: &str) -> Refusal {
    let reason = match error {
        StatementError::TooLarge { .. } => Reason::TooLarge,
        StatementError::TooDeep { .. } => Reason::TooDeep,
        StatementError::DuplicateKey { .. } => Reason::DuplicateKeys,
        StatementError::Trailing { .. } => Reason::TrailingBytes,
        StatementError::Syntax { .. } => Reason::Malformed,
        StatementError::Predicate { .. } => Reason::UnknownPredicate,
        _ => Reason::WrongStatement,
    };
    Refusal::new(reason, at, error)
}

/// Tells a bundle whose signature is missing or empty from one that is malformed.
fn check_is_signed(bundle: &Value, at: &str) -> Result<(), Refusal> {
    let unsigned = |why| Err(Refusal::new(Reason::Unsigned, at, why));
    if bundle.get("_type").is_some() && bundle.get("predicateType").is_some() {
        return unsigned("it is a statement that nobody has signed");
    }
    let Some(envelope) = bundle.get("dsseEnvelope") else { return Ok(()) };
    match envelope.get("signatures").and_then(|signatures| signatures.as_array()) {
        None => unsigned("its envelope has no signature"),
        Some(signatures) if signatures.is_empty() => unsigned("its envelope has no signature"),
        Some(signatures) => {
            let is_empty =
                |signature: &Value| signature.get("sig").is_none_or(|sig| sig.as_str().is_none_or(str::is_empty));
            if signatures.iter().any(is_empty) { unsigned("its signature is empty") } else { Ok(()) }
        }
    }
}

/// The digest of one of the statement's subjects, which Sigstore's verifier wants to know; which of them is asked about is
/// decided later.
fn any_subject(payload: &[u8], at: &str) -> Result<Sha256Hash, Refusal> {
    let statement: Subjects =
        json::read(payload, Limits::STATEMENT, "an in-toto statement").map_err(|error| document(&error, at))?;
    let mut digests = statement.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
    let digest = digests.find_map(|digest| Sha256Hash::from_hex(digest).ok());
    digest.ok_or_else(|| Refusal::new(Reason::WrongStatement, at, "none of its subjects has a SHA-256"))
}
