//! Proofs that something is logged.

use serde_json::{Value, json};

use super::{Decided, attacks};
use crate::case::{Case, entry};
use crate::signing::{Log, Own};

/// A set whose release has another log entry.
fn changed(set: &str, change: impl FnOnce(&mut Value)) -> Decided {
    let mut case = Case::of(set);
    change(entry(&mut case.release));
    case.decide()
}

fn envelope(entry: &mut Value) -> &mut Value {
    &mut entry["inclusionProof"]["checkpoint"]["envelope"]
}

fn without(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key).unwrap();
}

/// The first part of a checkpoint, which is signed.
fn signed_part(entry: &mut Value) -> String {
    let text = envelope(entry).as_str().unwrap().to_owned();
    text.split_once("\n\n").unwrap().0.to_owned() + "\n"
}

attacks! {
    no_log_entry: NoLogProof = || {
        let mut case = Case::of("keyless-rekor-v2");
        case.release["verificationMaterial"]["tlogEntries"] = json!([]);
        case.decide()
    };
    a_log_entry_without_proof: NoLogProof =
        || changed("keyless-rekor-v2", |entry| without(entry, "inclusionProof"));
    a_promise_instead_of_a_proof: NoLogProof =
        || changed("keyless-rekor-v1", |entry| without(entry, "inclusionProof"));

    a_log_that_nobody_trusts: UnknownLog = || {
        let mut case = Case::of("keyless-rekor-v2");
        case.root["tlogs"] = json!([]);
        case.decide()
    };
    a_log_of_the_attacker: UnknownLog = || {
        let mut case = Own::new().sign();
        case.root["tlogs"].as_array_mut().unwrap().pop().unwrap();
        case.decide()
    };
    one_log_twice: DuplicateLogEntry = || {
        let mut case = Case::of("keyless-rekor-v2");
        let entries = vec![entry(&mut case.release).clone(); 2];
        case.release["verificationMaterial"]["tlogEntries"] = json!(entries);
        case.decide()
    };

    the_checkpoint_of_another_log: WrongOrigin = || changed("keyless-rekor-v2", |one| {
        let mut other = Case::of("keyless-rekor-v1");
        *envelope(one) = envelope(entry(&mut other.release)).clone();
    });
    a_checkpoint_without_signature: UnsignedCheckpoint =
        || changed("keyless-rekor-v2", |entry| *envelope(entry) = json!(signed_part(entry)));
    a_checkpoint_with_an_empty_signature: UnsignedCheckpoint =
        || changed("keyless-rekor-v2", |entry| *envelope(entry) = json!(signed_part(entry) + "\n"));
    no_checkpoint: UnsignedCheckpoint =
        || changed("keyless-rekor-v2", |entry| without(&mut entry["inclusionProof"], "checkpoint"));
    a_checkpoint_that_another_key_signed: UnsignedCheckpoint = || {
        let mut case = Own::new().sign();
        let root = crate::case::decoded(&entry(&mut case.release)["inclusionProof"]["rootHash"]);
        *envelope(entry(&mut case.release)) = json!(Log::new("log.example.org").checkpoint(&root));
        case.decide()
    };
    a_checkpoint_signed_in_another_name: UnsignedCheckpoint = || changed("keyless-rekor-v2", |entry| {
        let text = envelope(entry).as_str().unwrap().replacen("\u{2014} ", "\u{2014} x", 1);
        *envelope(entry) = json!(text);
    });
    text_after_a_checkpoint: UnsignedCheckpoint = || changed("keyless-rekor-v2", |entry| {
        *envelope(entry) = json!(format!("{}\nbelieve me\n", envelope(entry).as_str().unwrap()));
    });

    a_hash_of_the_proof_altered: WrongLogProof = || changed("keyless-rekor-v2", |entry| {
        entry["inclusionProof"]["hashes"][0] = entry["inclusionProof"]["rootHash"].clone();
    });
    a_hash_of_the_proof_left_out: WrongLogProof = || changed("keyless-rekor-v1", |entry| {
        entry["inclusionProof"]["hashes"].as_array_mut().unwrap().pop().unwrap();
    });
    a_proof_for_another_root: WrongLogProof = || changed("keyless-rekor-v2", |entry| {
        entry["inclusionProof"]["rootHash"] = entry["inclusionProof"]["hashes"][0].clone();
    });
    a_proof_for_another_tree: WrongLogProof =
        || changed("keyless-rekor-v1", |entry| entry["inclusionProof"]["treeSize"] = json!("1000000"));
    a_proof_for_another_index: WrongLogProof =
        || changed("keyless-rekor-v2", |entry| entry["inclusionProof"]["logIndex"] = json!("0"));
    an_entry_of_another_index: WrongLogProof = || changed("keyless-rekor-v2", |entry| {
        entry["logIndex"] = json!("0");
        entry["inclusionProof"]["logIndex"] = json!("0");
    });

    a_time_that_the_log_did_not_sign: WrongLogTime = || changed("keyless-rekor-v1", |entry| {
        let time: i64 = entry["integratedTime"].as_str().unwrap().parse().unwrap();
        entry["integratedTime"] = json!((time - 1).to_string());
    });
    a_time_that_nobody_signed: WrongLogTime =
        || changed("ed25519-rekor-v1", |entry| without(entry, "inclusionPromise"));
    a_time_of_a_log_that_signs_none: WrongLogTime =
        || changed("keyless-rekor-v2", |entry| entry["integratedTime"] = json!("1700000000"));

    the_entry_of_another_signature: OtherLogEntry = || {
        let mut case = Case::of("keyless-rekor-v2");
        *entry(&mut case.release) = entry(&mut case.provenance).clone();
        case.decide()
    };
    the_entry_of_another_signature_in_rekor_v1: OtherLogEntry = || {
        let mut case = Case::of("keyless-rekor-v1");
        *entry(&mut case.release) = entry(&mut case.provenance).clone();
        case.decide()
    };
    the_entry_of_another_signer: OtherLogEntry = || changed("p256-rekor-v2", |one| {
        *one = entry(&mut Case::of("keyless-rekor-v2").release).clone();
    });
}
