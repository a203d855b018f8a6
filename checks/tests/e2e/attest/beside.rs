//! What others attach to the same image stays, and so does what is ours: with the referrers API and without.

use std::collections::BTreeSet;

use nix_seed_checks::sigstore::tools::Version;

use super::others::whose;
use super::*;

/// What cosign 3 attests, and what cosign 2 does: types that nobody else uses.
const REVIEW: &str = "https://example.org/review/v1";
const OLDER_REVIEW: &str = "https://example.org/older-review/v1";

/// Rekor v2 for us and cosign 3, v1 for cosign 2.
fn both_versions() -> Options {
    Options { rekor_v2: 1, rekor_v1: true, ..Options::default() }
}

/// The digests of what oras finds attached.
fn listed(ground: &Ground) -> BTreeSet<String> {
    let said = ground.oras(&["discover", "--plain-http", "--format", "json", &ground.image]).unwrap();
    let found: Value = serde_json::from_str(&said).unwrap();
    let list = found["referrers"].as_array().unwrap();
    list.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

/// oras dates what it attaches to the second: only what differs from round to round is surely something new.
fn others_attach(ground: &Ground, round: u8) {
    ground.write("theirs.txt", &format!("something else, round {round}"));
    let attach = ["attach", "--plain-http", "--artifact-type", "application/x-theirs", &ground.image, "theirs.txt"];
    ground.oras(&attach).unwrap();

    ground.write("review.json", r#"{"verdict":"good"}"#);
    ground.write("token", &ground.stack.mint(Kind::Email, &json!({})).unwrap());
    let attest = ["attest", "--yes", "--predicate", "review.json", "--type", REVIEW, "--identity-token", "token"];
    let services = ["--signing-config", "config.json", "--trusted-root", "root.json"];
    ground.cosign_image(Version::V3, &[&attest[..], &services].concat()).unwrap();

    let rekor = ground.stack.rekor_v1().unwrap().url();
    let key = ["attest", "--yes", "--predicate", "review.json", "--type", OLDER_REVIEW, "--key", "cosign.key"];
    ground.cosign_image(Version::V2, &[&key[..], &["--rekor-url", &rekor]].concat()).unwrap();
}

fn theirs_is_verified(ground: &Ground) {
    let issuer = ground.stack.issuer(Kind::Email);
    let verify = ["verify-attestation", "--type", REVIEW, "--trusted-root", "root.json", "--new-bundle-format"];
    ground.cosign_image(Version::V3, &[&verify[..], &whose(Kind::Email.subject(), &issuer)].concat()).unwrap();
    let older = ["verify-attestation", "--type", OLDER_REVIEW, "--key", "cosign.pub"];
    ground.cosign_image(Version::V2, &older).unwrap();
}

fn all_stay(registry: fn(&Cache) -> Registry) {
    let ground = Ground::open_at(registry, both_versions());
    ground.write("config.json", &ground.stack.signing_config().to_string());
    ground.cosign(Version::V2, &["generate-key-pair"]).unwrap();

    // What is theirs alone is no statement of a builder, and no wrong one either.
    others_attach(&ground, 0);
    ground.refused("no-statement", &[]);
    let mut before = listed(&ground);
    // Twice: each has attached before and after each other.
    for round in 1..=2 {
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        let ours = listed(&ground);
        assert_eq!((ours.len(), ours.is_superset(&before)), (before.len() + 2, true), "{ours:?}");
        others_attach(&ground, round);
        let all = listed(&ground);
        // cosign 2 keeps what it attests under a tag of its own.
        assert_eq!((all.len(), all.is_superset(&ours)), (ours.len() + 2, true), "{all:?}");
        succeeded(&ground.verify(&[]));
        theirs_is_verified(&ground);
        before = all;
    }
    let found = ground.verify(&["--json"]).json();
    assert_eq!(found["verify"]["ignored"], json!([]));
}

#[test]
fn at_docker_registry() {
    all_stay(Registry::docker);
}

#[test]
fn at_ferro() {
    all_stay(Registry::ferro);
}
