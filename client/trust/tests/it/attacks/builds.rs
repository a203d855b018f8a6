//! How something was built, by whom and when.

use nix_seed_trust::Reason;
use serde_json::{Value, json};

use super::{Decided, attacks};
use crate::case::Case;
use crate::signing::{Key, Own};

/// A release and a provenance whose Nix was set otherwise.
fn with_nix(setting: &str, value: Value) -> Decided {
    let mut own = Own::new();
    own.provenance["predicate"]["buildDefinition"]["internalParameters"]["nix"][setting] = value;
    own.sign().decide()
}

/// A valid set, so many seconds after it was signed.
fn after(set: &str, seconds: i64) -> Decided {
    let mut case = Case::of(set);
    let signed = case.decide().unwrap().findings[0].release.times[0];
    case.expected.now = signed + seconds;
    case.decide()
}

/// The release of one builder with the provenance of another; both are in the policy, and both documents are valid.
fn of_two_builders() -> Case {
    let (mut case, other) = (Case::of("keyless-rekor-v2"), Case::of("p256-rekor-v2"));
    case.policy["builders"]["own"] = other.policy["builders"]["own"].clone();
    case.provenance = other.provenance;
    case
}

attacks! {
    a_release_alone: NoProvenance = || {
        let case = Case::of("keyless-rekor-v2");
        case.decide_on([case.release.to_string().into_bytes()])
    };
    a_provenance_by_another_builder: DifferentSigners = || of_two_builders().decide();
    a_provenance_by_another_key_of_the_builder: DifferentSigners = || {
        let own = Own::new();
        let other = Key::new();
        let provenance = own.log.sign(&other, own.provenance.to_string().as_bytes());
        let pem = other.pem();
        let mut case = own.sign();
        case.policy["builders"]["own"]["keys"].as_array_mut().unwrap().push(json!(pem));
        case.provenance = provenance;
        case.decide()
    };
    a_provenance_of_another_release: OtherRelease = || {
        let own = Own::new();
        let (mut release, provenance) = (own.release.clone(), own.provenance.to_string());
        release["predicate"]["outputs"][0]["attribute"] = json!("packages.x86_64-linux.other");
        own.sign_bytes(release.to_string().as_bytes(), provenance.as_bytes()).decide()
    };

    a_build_without_sandbox: Unsandboxed = || with_nix("sandbox", json!("false"));
    a_build_in_a_relaxed_sandbox: Unsandboxed = || with_nix("sandbox", json!("relaxed"));
    a_build_that_may_have_gone_on_without_sandbox: Unsandboxed = || with_nix("sandbox-fallback", json!(true));
    a_build_on_another_machine: Unsandboxed = || with_nix("other", json!({ "builders": "ssh://elsewhere" }));
    a_substituter_that_the_policy_does_not_allow: Substituters =
        || with_nix("substituters", json!(["https://cache.example.org"]));

    a_signature_that_is_too_old: Stale = || after("keyless-rekor-v2", 24 * 60 * 60 + 1);
    a_signature_of_a_key_that_is_too_old: Stale = || after("ed25519-rekor-v1", 24 * 60 * 60 + 1);
    a_signature_from_the_future: FromTheFuture = || after("keyless-rekor-v2", -301);

    two_releases_of_one_commit: Disagreement = || {
        let one = Own::new();
        let mut other = one.release.clone();
        other["predicate"]["outputs"][0]["attribute"] = json!("packages.x86_64-linux.other");
        let mut how = one.provenance.clone();
        how["predicate"]["runDetails"]["byproducts"][0]["digest"]["sha256"] = json!(crate::signing::sha256(&other));
        let others = [other, how].map(|statement| {
            one.log.sign(&one.key, statement.to_string().as_bytes()).to_string().into_bytes()
        });
        let mut case = one.sign();
        case.others = others.into();
        case.decide()
    };
    a_policy_of_another_level: UnknownLevel = || {
        let mut case = Case::of("keyless-rekor-v2");
        case.policy["level"] = json!(2);
        case.policy["quorum"] = json!({ "n": 1, "m": 1 });
        let builder = &mut case.policy["builders"]["github"];
        builder["parent"] = json!("microsoft");
        builder["jurisdictions"] = json!(["US"]);
        builder["infrastructure"] = json!("azure");
        case.decide()
    };
}

type Change = fn(&mut Value);

/// Of a provenance that is refused, that is told besides: the release came further, and lacks one.
#[test]
fn a_provenance_that_is_refused_is_none() {
    let changes: [(Reason, Change); 4] = [
        (Reason::UnknownPredicate, |provenance| provenance["predicateType"] = json!("https://slsa.dev/provenance/v2")),
        (Reason::WrongStatement, |provenance| {
            provenance["predicate"]["buildDefinition"]["buildType"] = json!("https://example.org/build/v1");
        }),
        (Reason::WrongStatement, |provenance| {
            provenance["predicate"]["runDetails"]["metadata"]["startedOn"] = json!("9999-01-01T00:00:00Z");
        }),
        (Reason::WrongStatement, |provenance| {
            let byproducts = provenance["predicate"]["runDetails"]["byproducts"].as_array_mut().unwrap();
            byproducts.push(byproducts[0].clone());
        }),
    ];
    for (reason, change) in changes {
        let mut own = Own::new();
        change(&mut own.provenance);
        let refused = own.sign().decide().unwrap_err();
        assert_eq!(refused.first.reason, Reason::NoProvenance, "{refused:?}");
        assert_eq!(refused.others.iter().map(|other| other.reason).collect::<Vec<_>>(), [reason], "{refused:?}");
    }
}

#[test]
fn both_documents_of_one_builder_are_enough() {
    let mut case = of_two_builders();
    case.others.push(Case::of("keyless-rekor-v2").provenance.to_string().into_bytes());
    assert_eq!(case.decide().unwrap().findings.len(), 1);
}

#[test]
fn clocks_may_differ_by_five_minutes_and_signatures_last_as_long_as_they_may() {
    after("keyless-rekor-v2", -300).unwrap();
    after("keyless-rekor-v2", 24 * 60 * 60).unwrap();
}
