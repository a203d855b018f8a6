//! Nothing in a bundle is read past.
//!
//! Sigstore's crates skip fields that they do not know, and some that they know. What is skipped could be altered by anybody and
//! read by somebody else. So a bundle is written again from what was read of it, and compared; and what is there twice has to be the
//! same.

use serde_json::Value;
use sigstore_trust_root::TransparencyLog;
use sigstore_types::bundle::InclusionProof;
use sigstore_types::{Bundle, Checkpoint, DsseEnvelope, KindVersion, TransparencyLogEntry};

use super::PublicKey;
use super::root::is_origin_of;
use crate::{Reason, Refusal};

/// Reads a bundle, and refuses it where it says more than what was read, or says it in another way.
pub(super) fn read(json: &Value, at: &str) -> Result<Bundle, Refusal> {
    let malformed = |why: &dyn std::fmt::Display| Refusal::new(Reason::Malformed, at, why);
    check_checkpoints(json, at)?;
    let bundle: Bundle = serde_json::from_value(json.clone()).map_err(|error| malformed(&error))?;
    let again = serde_json::to_value(&bundle).map_err(|error| malformed(&error))?;
    let mut found = json.clone();
    // One version has two names.
    if found.get("mediaType").is_some() {
        found["mediaType"] = again["mediaType"].clone();
    }
    match difference(&found, &again, String::new()) {
        None => Ok(bundle),
        Some(path) => Err(malformed(&format!("its {path} is not what a Sigstore bundle has there"))),
    }
}

/// Tells a checkpoint without signatures from one that is malformed.
fn check_checkpoints(bundle: &Value, at: &str) -> Result<(), Refusal> {
    let entries = bundle.pointer("/verificationMaterial/tlogEntries").and_then(Value::as_array);
    let envelope = |entry: &Value| Some(entry.pointer("/inclusionProof/checkpoint/envelope")?.as_str()?.to_owned());
    for text in entries.into_iter().flatten().filter_map(envelope) {
        if text.split_once("\n\n").is_none_or(|(_, signatures)| signatures.trim().is_empty()) {
            return Err(Refusal::new(Reason::UnsignedCheckpoint, at, "nobody signed its checkpoint"));
        }
    }
    Ok(())
}

/// Fields that Sigstore's crates leave out where they are empty, and others write.
const OPTIONAL: [&str; 3] = ["integratedTime", "keyid", "rfc3161Timestamps"];

/// What may be written and left out, which says the same (protobuf, "ProtoJSON Format"). A null is neither.
fn is_default(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Where a document and what was read of it differ first: `verificationMaterial.tlogEntries[0].logIndex`.
fn difference(found: &Value, read: &Value, path: String) -> Option<String> {
    match (found, read) {
        (Value::Object(found), Value::Object(read)) => {
            let at = |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let extra = found.iter().find_map(|(key, value)| match read.get(key) {
                Some(read) => difference(value, read, at(key)),
                None if OPTIONAL.contains(&key.as_str()) && is_default(value) => None,
                None => Some(at(key)),
            });
            let is_missing = |(key, value): &(&String, &Value)| !found.contains_key(*key) && !is_default(value);
            extra.or_else(|| read.iter().find(is_missing).map(|(key, _)| at(key)))
        }
        (Value::Array(found), Value::Array(read)) if found.len() == read.len() => {
            let pairs = found.iter().zip(read).enumerate();
            pairs.into_iter().find_map(|(index, (found, read))| difference(found, read, format!("{path}[{index}]")))
        }
        _ => (found != read).then_some(path),
    }
}

/// Refuses an envelope that says that another key signed it than did.
pub(super) fn check_key_id(envelope: &DsseEnvelope, key: Option<&PublicKey>, at: &str) -> Result<(), Refusal> {
    let found = &envelope.signature.keyid;
    let is_of = |key: &PublicKey| key.hint() == found.as_str() || key.fingerprint() == found.as_str();
    if found.is_empty() || key.is_some_and(is_of) {
        return Ok(());
    }
    Err(Refusal::new(Reason::UnknownKey, at, format!("its envelope names the key {found:?}, which did not sign it")))
}

/// Refuses a bundle that has a time stamp twice.
pub(super) fn check_time_stamps(bundle: &Bundle, at: &str) -> Result<(), Refusal> {
    let stamps = &bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    if stamps.iter().enumerate().any(|(index, stamp)| stamps[..index].contains(stamp)) {
        return Err(Refusal::new(Reason::WrongTimeStamp, at, "it has a time stamp twice"));
    }
    Ok(())
}

/// Refuses an entry whose proof, checkpoint and time do not say the same as the entry, in one way only.
pub(super) fn check_entry(entry: &TransparencyLogEntry, log: &TransparencyLog, at: &str) -> Result<(), Refusal> {
    let refuse = |reason, why: &str| Err(Refusal::new(reason, at, why));
    let Some(InclusionProof { log_index, root_hash, tree_size, checkpoint, .. }) = &entry.inclusion_proof else {
        return refuse(Reason::NoLogProof, "its log entry has no proof of inclusion");
    };
    let (Some(parsed), text) = (checkpoint.checkpoint(), checkpoint.envelope()) else {
        return refuse(Reason::UnsignedCheckpoint, "its proof has no checkpoint");
    };
    let origin = parsed.origin();
    if !is_origin_of(log, origin) {
        let why = format!("the checkpoint is of {origin:?}, and the log is that at {}", log.base_url);
        return Err(Refusal::new(Reason::WrongOrigin, at, why));
    }
    if text != note(parsed) {
        return refuse(Reason::UnsignedCheckpoint, "its checkpoint is not written as a signed note is");
    }
    let id = log.log_id.key_id.as_bytes();
    let own = |key_id: &[u8]| id.starts_with(key_id);
    if parsed.signatures().iter().any(|one| own(one.key_id.as_bytes()) && !is_origin_of(log, &one.name)) {
        return refuse(Reason::UnsignedCheckpoint, "its checkpoint is signed in another name than the log's");
    }
    if parsed.root_hash() != root_hash || parsed.tree_size() != *tree_size {
        return refuse(Reason::WrongLogProof, "its proof is for another tree than its checkpoint");
    }
    // Rekor v1 counts an entry in all of its logs, and in the one that the proof is for.
    let is_v2 = entry.kind_version == KindVersion::HashedRekordV002;
    if is_v2 && *log_index != entry.log_index {
        return refuse(Reason::WrongLogProof, "its proof is for another index than its entry");
    }
    if entry.integrated_time.is_some() && (is_v2 || entry.inclusion_promise.is_none()) {
        return refuse(Reason::WrongLogTime, "nobody signed its time");
    }
    Ok(())
}

/// A checkpoint as it is written (C2SP, signed-note).
fn note(checkpoint: &Checkpoint) -> String {
    let mut text = String::from_utf8_lossy(checkpoint.signed_data()).into_owned() + "\n";
    for signature in checkpoint.signatures() {
        let bytes = [signature.key_id.as_bytes(), signature.signature.as_bytes()].concat();
        text += &format!("\u{2014} {} {}\n", signature.name, data_encoding::BASE64.encode(&bytes));
    }
    text
}
