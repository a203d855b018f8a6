//! Each log entry by itself.
//!
//! Sigstore's verifier takes a checkpoint that is signed by any log of the trusted root, and entries of one log as often as
//! they come. So it is given one entry at a time, and a trusted root with this entry's log alone.

use std::collections::HashSet;

use sigstore_types::Bundle;
use sigstore_verify::{Policy, VerificationResult, Verifier};

use super::{LogEntry, TrustRoot, errors, form};
use crate::{Reason, Refusal};

/// The most log entries that a bundle may have.
const ENTRIES_MAX: usize = 16;

/// Verifies a bundle once for each of its log entries; gives the entries with what the last verification found.
///
/// `digest` is that of a subject of the statement.
pub(super) fn verify_each(
    bundle: &Bundle,
    digest: sigstore_types::Sha256Hash,
    root: &TrustRoot,
    policy: &dyn Policy,
    at: &str,
) -> Result<(Vec<LogEntry>, VerificationResult), Refusal> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.len() > ENTRIES_MAX {
        return Err(Refusal::new(
            Reason::TooLarge,
            at,
            format!("it has {} log entries, and at most 16 are read", entries.len()),
        ));
    }
    let (mut seen, mut found, mut last) = (HashSet::new(), Vec::new(), None);
    for entry in entries {
        let key_id = entry.log_id.key_id.as_bytes();
        if !seen.insert(key_id.to_vec()) {
            return Err(Refusal::new(Reason::DuplicateLogEntry, at, "two of its entries are of one log"));
        }
        let log = root.log(key_id).ok_or_else(|| {
            let known: Vec<_> = root.root.tlogs.iter().map(|log| log.base_url.as_str()).collect();
            let why = format!("it stands in the log {}; trusted are: {}", entry.log_id.key_id, known.join(", "));
            Refusal::new(Reason::UnknownLog, at, why)
        })?;
        form::check_entry(entry, log, at)?;
        let mut alone = bundle.clone();
        alone.verification_material.tlog_entries = vec![entry.clone()];
        let verifier = Verifier::new(&root.with_one_log(log)).map_err(|error| errors::refusal(&error, at))?;
        let result = verifier.verify(digest, &alone, policy).map_err(|error| errors::refusal(&error, at))?;
        found.push(LogEntry {
            log: log.base_url.clone(),
            index: entry.log_index.get(),
            integrated: result.integrated_time().map(|time| time.as_second()),
        });
        last = Some(result);
    }
    let last = last.ok_or_else(|| Refusal::new(Reason::NoLogProof, at, "it has no entry of a transparency log"))?;
    Ok((found, last))
}
