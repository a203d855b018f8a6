//! Statements of something else than was asked for.

use nix_seed_store::Sha256Hash;
use serde_json::{Value, json};

use super::{Decided, attacks};
use crate::case::Case;
use crate::signing::Own;

const RESULTS: &str = include_str!("../../../../../helper/statement/vectors/results.json");

/// A valid set, and another question.
fn asked(change: impl FnOnce(&mut Case)) -> Decided {
    let mut case = Case::of("keyless-rekor-v2");
    change(&mut case);
    case.decide()
}

/// A release and a provenance, signed with something changed.
fn signed(change: impl FnOnce(&mut Own)) -> Decided {
    let mut own = Own::new();
    change(&mut own);
    own.sign().decide()
}

fn parameters(own: &mut Own) -> &mut Value {
    &mut own.provenance["predicate"]["buildDefinition"]["externalParameters"]
}

/// Results that were built in a seed, and their provenance; valid.
fn results() -> Own {
    let mut own = Own::new();
    own.release = serde_json::from_str(RESULTS).unwrap();
    own.provenance["subject"] = own.release["subject"].clone();
    let said = own.release["predicate"].clone();
    let parameters = parameters(&mut own);
    parameters["source"] = said["source"]["uri"].clone();
    parameters["commit"] = said["source"]["commit"].clone();
    parameters["system"] = said["system"].clone();
    own.case.policy["source"] = said["source"]["uri"].clone();
    let subject = &own.release["subject"][0];
    own.case.expected.digest = Sha256Hash::from_hex(subject["digest"]["sha256"].as_str().unwrap()).unwrap();
    own.case.expected.name = Some(subject["name"].as_str().unwrap().into());
    own.case.expected.commit = None;
    own.case.expected.lock = None;
    own.case.expected.seed = Some(Sha256Hash::from_hex(said["seed"]["sha256"].as_str().unwrap()).unwrap());
    own
}

#[test]
fn results_in_the_right_seed_are_believed() {
    results().sign().decide().unwrap();
}

attacks! {
    a_release_of_another_version: UnknownPredicate =
        || signed(|own| own.release["predicateType"] = json!("https://0compute.github.io/nix-seed/release/v2"));

    a_field_that_the_specification_does_not_know: WrongStatement =
        || signed(|own| own.release["predicate"]["comment"] = json!("believe me"));
    a_statement_that_is_not_canonical: WrongStatement = || {
        let own = Own::new();
        let (release, provenance) = (own.release.to_string() + "\n", own.provenance.to_string());
        own.sign_bytes(release.as_bytes(), provenance.as_bytes()).decide()
    };
    a_statement_of_another_framework: WrongStatement =
        || signed(|own| own.release["_type"] = json!("https://in-toto.io/Statement/v0.1"));
    a_subject_without_sha_256: WrongStatement = || signed(|own| {
        own.release["subject"] = json!([{ "name": "image", "digest": { "sha512": "00" } }]);
    });

    a_statement_on_another_image: OtherSubject = || asked(|case| case.expected.digest = Sha256Hash([1; 32]));
    a_statement_on_something_with_another_name: OtherSubject =
        || asked(|case| case.expected.name = Some("closure".into()));
    a_provenance_of_another_image: OtherSubject = || signed(|own| {
        own.provenance["subject"][1]["digest"]["sha256"] = json!("00".repeat(32));
    });
    a_provenance_of_more_than_the_release: OtherSubject = || signed(|own| {
        let more = json!({ "name": "more", "digest": { "sha256": "00".repeat(32) } });
        own.provenance["subject"].as_array_mut().unwrap().push(more);
    });

    a_release_of_another_repository: OtherSource =
        || asked(|case| case.policy["source"] = json!("git+https://example.org/owner/app"));
    a_provenance_of_another_repository: OtherSource =
        || signed(|own| parameters(own)["source"] = json!("git+https://example.org/owner/app"));
    a_release_of_another_commit: OtherCommit = || asked(|case| case.expected.commit = Some("0".repeat(40)));
    a_provenance_of_another_commit: OtherCommit = || signed(|own| parameters(own)["commit"] = json!("0".repeat(40)));
    a_release_of_another_lock_file: OtherLock = || asked(|case| case.expected.lock = Some(Sha256Hash([1; 32])));
    a_release_without_lock_file: OtherLock = || signed(|own| {
        own.release["predicate"]["source"].as_object_mut().unwrap().remove("lock").unwrap();
    });
    a_release_for_another_system: OtherSystem = || asked(|case| case.expected.system = Some("aarch64-linux".into()));
    a_provenance_for_another_system: OtherSystem = || signed(|own| parameters(own)["system"] = json!("aarch64-linux"));
    results_in_another_seed: OtherSeed = || {
        let mut own = results();
        own.case.expected.seed = Some(Sha256Hash([1; 32]));
        own.sign().decide()
    };
}
