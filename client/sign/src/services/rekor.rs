//! Rekor: that a signature stands in a log that everybody can read.
//!
//! Version 1 takes the envelope (`dsse` 0.0.1), version 2 the hash of what was signed (`hashedrekord` 0.0.2).

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::json;
use sha2::{Digest, Sha256};
use sigstore_rekor::entry::RekorV2KeyDetails;
use sigstore_rekor::{HashedRekordV2, LogEntry};
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{Bundle, DerPublicKey, KindVersion, SignatureContent, TransparencyLogEntry};
use url::Url;

use super::fulcio::endpoint;
use super::{Http, Rekor, RekorVersion};
use crate::{Error, Result};

const SERVICE: &str = "the transparency log";

/// Puts a bundle's signature into a log; `public` is the key of one that has no certificate.
pub(crate) fn log(http: &Http, rekor: &Rekor, bundle: &Bundle, public: &DerPublicKey) -> Result<TransparencyLogEntry> {
    match rekor.version {
        RekorVersion::V1 => first(http, &rekor.url, bundle, public),
        RekorVersion::V2 => second(http, &rekor.url, bundle, public),
    }
}

fn first(http: &Http, base: &Url, bundle: &Bundle, public: &DerPublicKey) -> Result<TransparencyLogEntry> {
    let endpoint = endpoint(base, "api/v1/log/entries");
    let failed = |why: String| Error::Service { service: SERVICE, url: endpoint.to_string(), why };
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else { return Err(no_envelope()) };
    let verifier = bundle.signing_certificate().map_or_else(|| public.to_pem(), |certificate| certificate.to_pem());
    let envelope = serde_json::to_string(envelope).map_err(|error| Error::Document(error.to_string()))?;
    let question = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": { "proposedContent": { "envelope": envelope, "verifiers": [BASE64.encode(verifier.as_bytes())] } },
    });
    let question = serde_json::to_vec(&question).map_err(|error| Error::Document(error.to_string()))?;
    let mut answer = http.post(SERVICE, &endpoint, "application/json", &question)?;
    // It is there already: an answer was lost, or a key signs alike each time.
    if answer.status == 409 {
        let place = answer.location.as_deref().and_then(|location| base.join(location).ok());
        let place = place.filter(|place| place.origin() == base.origin());
        let place = place.ok_or_else(|| failed("it has the entry already, and does not say where".into()))?;
        answer = http.get(SERVICE, &place)?;
    }
    if !matches!(answer.status, 200 | 201) {
        return Err(failed(answer.said()));
    }
    let entries: BTreeMap<String, LogEntry> =
        serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))?;
    let entry = entries.into_values().next().ok_or_else(|| failed("it gave no entry".into()))?;
    entry.to_bundle_entry(KindVersion::DsseV001).map_err(|error| failed(error.to_string()))
}

fn second(http: &Http, base: &Url, bundle: &Bundle, public: &DerPublicKey) -> Result<TransparencyLogEntry> {
    let endpoint = endpoint(base, "api/v2/log/entries");
    let failed = |why: String| Error::Service { service: SERVICE, url: endpoint.to_string(), why };
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else { return Err(no_envelope()) };
    let digest = sigstore_types::Sha256Hash::new(Sha256::digest(envelope.pae()).into());
    let (signature, details) = (&envelope.signature.sig, RekorV2KeyDetails::PkixEcdsaP256Sha256);
    let question = match &bundle.verification_material.content {
        VerificationMaterialContent::Certificate(certificate) => {
            HashedRekordV2::new_with_certificate(&digest, signature, &certificate.raw_bytes, details)
        }
        _ => HashedRekordV2::new_with_public_key(&digest, signature, public, details),
    };
    let question = serde_json::to_vec(&question).map_err(|error| Error::Document(error.to_string()))?;
    let answer = http.post(SERVICE, &endpoint, "application/json", &question)?;
    if answer.status == 409 {
        let why = "it has this entry already, and Rekor v2 proves an entry only when it is made; sign again";
        return Err(failed(why.into()));
    }
    if !matches!(answer.status, 200 | 201) {
        return Err(failed(answer.said()));
    }
    serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))
}

fn no_envelope() -> Error {
    Error::Document("what is to be logged is no envelope".into())
}
