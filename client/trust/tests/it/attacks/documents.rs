//! Documents that are none, or would be read in more than one way.

use serde_json::{Value, json};

use super::{Decided, attacks};
use crate::case::{Case, decoded, entry};
use crate::signing::Own;

/// The release's bundle as other bytes, with an honest provenance.
fn as_bytes(change: impl FnOnce(String) -> String) -> Decided {
    let case = Case::of("keyless-rekor-v2");
    let provenance = case.provenance.to_string().into_bytes();
    case.decide_on([change(case.release.to_string()).into_bytes(), provenance])
}

/// The release's bundle with something changed.
fn changed(change: impl FnOnce(&mut Value)) -> Decided {
    let mut case = Case::of("keyless-rekor-v2");
    change(&mut case.release);
    case.decide()
}

/// The release statement as other bytes, signed.
fn signed_bytes(change: impl FnOnce(String) -> String) -> Decided {
    let own = Own::new();
    let (release, provenance) = (change(own.release.to_string()), own.provenance.to_string());
    own.sign_bytes(release.as_bytes(), provenance.as_bytes()).decide()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

attacks! {
    no_bundle: NoStatement = || Case::of("keyless-rekor-v2").decide_on([]);
    a_bundle_that_speaks_of_something_else: NoStatement = || {
        let mut own = Own::new();
        own.release["predicateType"] = json!("https://example.org/review/v1");
        own.sign().decide()
    };
    a_provenance_alone: NoStatement = || {
        let case = Case::of("keyless-rekor-v2");
        case.decide_on([case.provenance.to_string().into_bytes()])
    };

    a_statement_without_envelope: Unsigned =
        || as_bytes(|bundle| String::from_utf8(decoded(&parsed(&bundle)["dsseEnvelope"]["payload"])).unwrap());
    no_signatures: Unsigned = || changed(|bundle| bundle["dsseEnvelope"]["signatures"] = json!([]));
    signatures_left_out: Unsigned = || changed(|bundle| {
        bundle["dsseEnvelope"].as_object_mut().unwrap().remove("signatures").unwrap();
    });
    an_empty_signature: Unsigned = || changed(|bundle| bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(""));

    a_signature_of_a_file: UnknownPayloadType = || changed(|bundle| {
        let envelope = bundle.as_object_mut().unwrap().remove("dsseEnvelope").unwrap();
        bundle["messageSignature"] = json!({ "signature": envelope["signatures"][0]["sig"] });
    });
    another_payload_type: UnknownPayloadType =
        || changed(|bundle| bundle["dsseEnvelope"]["payloadType"] = json!("application/json"));

    a_huge_bundle: TooLarge = || as_bytes(|bundle| bundle + &" ".repeat(8 << 20));
    a_huge_statement: TooLarge = || signed_bytes(|release| release + &" ".repeat(4 << 20));
    a_hundred_log_entries: TooLarge = || changed(|bundle| {
        let entries = vec![entry(bundle).clone(); 100];
        bundle["verificationMaterial"]["tlogEntries"] = json!(entries);
    });

    a_deep_bundle: TooDeep = || as_bytes(|bundle| bundle.replacen('{', &format!(r#"{{"a":{},"#, nested(100_000)), 1));
    a_deep_statement: TooDeep =
        || signed_bytes(|release| release.replacen('{', &format!(r#"{{"a":{},"#, nested(100_000)), 1));

    a_payload_twice: DuplicateKeys =
        || as_bytes(|bundle| bundle.replacen(r#""payload":"#, r#""payload":"e30=","payload":"#, 1));
    a_key_twice_by_another_spelling: DuplicateKeys =
        || as_bytes(|bundle| bundle.replacen(r#""payload":"#, r#""p\u0061yload":"e30=","payload":"#, 1));
    a_commit_twice: DuplicateKeys = || signed_bytes(|release| {
        release.replacen(r#""commit":"#, r#""commit":"0123456789012345678901234567890123456789","commit":"#, 1)
    });

    a_bundle_after_the_bundle: TrailingBytes = || as_bytes(|bundle| bundle.repeat(2));
    a_statement_after_the_statement: TrailingBytes = || signed_bytes(|release| release.repeat(2));

    half_a_bundle: Malformed = || as_bytes(|bundle| bundle[..bundle.len() / 2].into());
    half_a_statement: Malformed = || signed_bytes(|release| release[..release.len() / 2].into());
    bytes_that_are_no_text: Malformed = || Case::of("keyless-rekor-v2").decide_on([vec![0xff; 64]]);
    another_version_of_bundles: Malformed =
        || changed(|bundle| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json"));
    a_field_that_nobody_reads: Malformed =
        || changed(|bundle| bundle["verificationMaterial"]["comment"] = json!("believe me"));
    two_signatures: Malformed = || changed(|bundle| {
        let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(signature);
    });
    a_certificate_and_a_key: Malformed =
        || changed(|bundle| bundle["verificationMaterial"]["publicKey"] = json!({ "hint": "own" }));
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
