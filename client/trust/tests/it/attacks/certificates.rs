//! Keys, certificates and time stamps.

use serde_json::{Value, json};

use super::{Decided, attacks};
use crate::case::Case;
use crate::signing::{Key, Log, Own};

const SECP256K1: &str = include_str!("../../../src/sigstore/fixtures/secp256k1.pub");
const FOR_ANOTHER_COMMIT: &str = include_str!("../../attacks/certificate-for-another-commit.sigstore.json");
const RSA_2048: &str = include_str!("../../../src/sigstore/fixtures/rsa-2048.pub");

fn changed(set: &str, change: impl FnOnce(&mut Case)) -> Decided {
    let mut case = Case::of(set);
    change(&mut case);
    case.decide()
}

fn with_key_of_policy(pem: &str) -> Decided {
    changed("p256-rekor-v2", |case| case.policy["builders"]["own"]["keys"] = json!([pem]))
}

fn stamps(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
}

/// A keyless bundle that was logged, by a log that is trusted, so many seconds after it was signed.
fn logged_later(seconds: i64) -> Decided {
    changed("keyless-rekor-v1", |case| {
        let log = Log::new("log.example.org");
        case.root["tlogs"] = json!([log.known()]);
        let signed: i64 = crate::case::entry(&mut case.release)["integratedTime"].as_str().unwrap().parse().unwrap();
        log.log_again(&mut case.release, signed + seconds);
        log.log_again(&mut case.provenance, signed);
    })
}

fn subjects(pattern: &str) -> Decided {
    changed("keyless-rekor-v2", |case| case.policy["builders"]["github"]["subjects"] = json!([pattern]))
}

attacks! {
    a_key_of_an_unknown_algorithm: UnknownAlgorithm = || with_key_of_policy(SECP256K1);
    a_weak_key: WeakKey = || with_key_of_policy(RSA_2048);
    a_key_that_the_policy_does_not_name: UnknownKey = || with_key_of_policy(&Key::new().pem());
    an_envelope_that_names_another_key: UnknownKey =
        || changed("p256-rekor-v2", |case| case.release["dsseEnvelope"]["signatures"][0]["keyid"] = json!("other"));
    an_envelope_that_names_a_key_beside_a_certificate: UnknownKey =
        || changed("keyless-rekor-v2", |case| case.release["dsseEnvelope"]["signatures"][0]["keyid"] = json!("other"));

    a_payload_that_was_altered: WrongSignature = || changed("keyless-rekor-v2", |case| {
        let mut release = crate::case::statement(&case.release);
        release["predicate"]["system"] = json!("x86_64-linuy");
        let payload = data_encoding::BASE64.encode(release.to_string().as_bytes());
        case.release["dsseEnvelope"]["payload"] = json!(payload);
    });
    a_key_of_the_policy_named_by_somebody_else: WrongSignature = || {
        let own = Own::new();
        let (release, other) = (own.release.to_string(), Key::new());
        let forged = own.log.sign(&other, release.as_bytes());
        let mut case = own.sign();
        let hint = case.release["verificationMaterial"]["publicKey"].clone();
        case.release = forged;
        case.release["verificationMaterial"]["publicKey"] = hint;
        case.decide()
    };

    time_stamps_left_out: NoTime = || changed("keyless-rekor-v2", |case| *stamps(&mut case.release) = json!([]));
    no_time_where_the_policy_wants_one: NoTime =
        || changed("p256-rekor-v2", |case| *stamps(&mut case.release) = json!([]));
    a_log_that_does_not_sign_its_time: NoTime = || changed("keyless-rekor-v1", |case| {
        let entry = crate::case::entry(&mut case.release).as_object_mut().unwrap();
        entry.remove("integratedTime").unwrap();
        entry.remove("inclusionPromise").unwrap();
    });
    the_time_stamp_of_another_signature: WrongTimeStamp =
        || changed("keyless-rekor-v2", |case| *stamps(&mut case.release) = stamps(&mut case.provenance).clone());
    a_time_stamp_twice: WrongTimeStamp = || changed("keyless-rekor-v2", |case| {
        let stamp = stamps(&mut case.release)[0].clone();
        stamps(&mut case.release).as_array_mut().unwrap().push(stamp);
    });
    a_time_stamp_authority_that_nobody_trusts: WrongTimeStamp =
        || changed("keyless-rekor-v2", |case| case.root["timestampAuthorities"] = json!([]));
    a_time_stamp_after_its_authority_ended: TimeStampOutsideValidity = || changed("keyless-rekor-v2", |case| {
        case.root["timestampAuthorities"][0]["validFor"]["end"] = json!("2024-01-02T00:00:00Z");
    });

    a_certificate_expired_at_signing: CertificateExpired = || logged_later(11 * 60);
    a_certificate_not_valid_yet_at_signing: CertificateExpired = || logged_later(-60 * 60);
    a_certificate_of_another_authority: UntrustedCertificate = || changed("keyless-rekor-v2", |case| {
        case.root["certificateAuthorities"][0]["certChain"] = case.root["timestampAuthorities"][0]["certChain"].clone();
    });
    a_certificate_after_its_authority_ended: UntrustedCertificate = || changed("keyless-rekor-v2", |case| {
        case.root["certificateAuthorities"][0]["validFor"]["end"] = json!("2024-01-02T00:00:00Z");
    });
    a_certificate_that_no_trusted_log_has: NoSct =
        || changed("keyless-rekor-v2", |case| case.root["ctlogs"] = json!([]));

    a_certificate_for_a_build_of_another_commit: OtherCommit = || changed("keyless-rekor-v2", |case| {
        case.release = serde_json::from_str(FOR_ANOTHER_COMMIT).unwrap();
    });

    another_repository_signs: WrongSigner =
        || subjects("https://github.com/other/app/.github/workflows/*.yaml@refs/heads/main");
    another_workflow_signs: WrongWorkflow =
        || subjects("https://github.com/owner/app/.github/workflows/release.yaml@refs/heads/main");
    another_branch_signs: WrongWorkflow =
        || subjects("https://github.com/owner/app/.github/workflows/build.yaml@refs/heads/release");
    somebody_else_vouches_for_the_signer: WrongIssuer = || changed("keyless-rekor-v2", |case| {
        case.policy["builders"]["github"]["issuer"] = json!("https://issuer.example.org");
    });
}
