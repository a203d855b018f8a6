//! The documents that the tests of `client/trust` read, signed by real services; client/trust/tests/fixtures/README.md says more.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use nix_seed_checks::machine::repository;
use nix_seed_checks::sigstore::key::{Algorithm, Key};

use super::*;

/// How old a signature may be in the policies: so that a bundle without a time is refused.
const MAX_AGE: u64 = 24 * 60 * 60;

/// A valid set of documents.
struct Set<'a> {
    name: &'a str,
    log: &'a Log,
    /// With a managed key, or as the test issuer's workflow.
    key: Option<Algorithm>,
    has_time_stamps: bool,
}

impl Set<'_> {
    /// Signs, checks that the client believes it, and keeps bundles and policy.
    fn freeze(&self, ground: &Ground, folder: &Path) {
        let key = self.key.map(|algorithm| Key::generate(algorithm).unwrap());
        let policy = ground.policy(|policy| {
            policy["services"]["rekor"] = json!(self.log.url());
            policy["services"]["rekorVersion"] = json!(self.log.version());
            if !self.has_time_stamps {
                policy["services"]["timestamp"] = Value::Null;
            }
            policy["freshness"]["maxAge"] = json!(MAX_AGE);
            if let Some(key) = &key {
                policy["builders"] = json!({ "own": {
                    "issuer": null, "subjects": [], "keys": [key.public_pem()], "signer": null,
                    "parent": null, "jurisdictions": [], "infrastructure": null,
                } });
            }
        });
        ground.write("policy.json", &policy.to_string());
        let signer = if let Some(key) = &key {
            ground.write("key.pem", &key.private_pem());
            ["--key", "key.pem"]
        } else {
            ground.write("token", &ground.stack.mint(Kind::GitHub, &json!({})).unwrap());
            ["--identity-token-file", "token"]
        };
        let _ = fs::remove_dir_all(ground.at("bundles"));
        succeeded(&ground.attest(&signer));
        let bundles =
            ["--bundle", "bundles/release.sigstore.json", "--bundle", "bundles/provenance.sigstore.json", "--commit"];
        succeeded(&ground.verify(&[&bundles[..], &[COMMIT]].concat()));
        let folder = folder.join(self.name);
        fs::create_dir_all(&folder).unwrap();
        for name in ["release.sigstore.json", "provenance.sigstore.json"] {
            fs::copy(ground.at("bundles").join(name), folder.join(name)).unwrap();
        }
        // The trusted root is beside the sets, since it is one for all of them.
        let policy = ground.policy_without_root(&policy);
        keep(&folder.join("policy.json"), &policy);
    }
}

impl Ground {
    /// The policy in its normal form, as the client prints it.
    fn policy_without_root(&self, policy: &Value) -> Value {
        let mut policy = policy.clone();
        policy["trustedRoot"] = Value::Null;
        self.write("policy.json", &policy.to_string());
        let said = self.say(BUILDER, &["cfg", "show", "--json", "policy.json"]);
        succeeded(&said);
        serde_json::from_str(&said.out).unwrap()
    }
}

fn keep(path: &Path, value: &Value) {
    fs::write(path, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
}

/// A release by the workflow, whose certificate is for a run of another commit: nobody can make that of the sets.
fn freeze_another_commit(ground: &Ground, folder: &Path) {
    ground.write("policy.json", &ground.policy(|_| ()).to_string());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({ "sha": "0".repeat(40) })));
    ground.refused("other-commit", &["--bundle", "bundles/release.sigstore.json"]);
    fs::create_dir_all(folder).unwrap();
    let name = "certificate-for-another-commit.sigstore.json";
    fs::copy(ground.at("bundles/release.sigstore.json"), folder.join(name)).unwrap();
}

#[test]
#[ignore = "it writes client/trust/tests/fixtures again, with other keys and times"]
fn the_documents_are_made_again() {
    let ground = Ground::open(Options { rekor_v2: 1, rekor_v1: true, ..Options::default() });
    let folder = repository::path().join("client/trust/tests/fixtures");
    let v1 = ground.stack.rekor_v1().unwrap();
    let v2 = &ground.stack.rekor_v2()[0];
    let sets = [
        Set { name: "keyless-rekor-v1", log: v1, key: None, has_time_stamps: false },
        Set { name: "keyless-rekor-v2", log: v2, key: None, has_time_stamps: true },
        Set { name: "ed25519-rekor-v1", log: v1, key: Some(Algorithm::Ed25519), has_time_stamps: false },
        Set { name: "p256-rekor-v2", log: v2, key: Some(Algorithm::P256), has_time_stamps: true },
    ];
    // Each log has entries before those that count: an index of 0, and a proof without hashes, would hide mistakes.
    let before = tempfile::tempdir().unwrap();
    for folder in [before.path(), &folder] {
        for set in &sets {
            set.freeze(&ground, folder);
        }
    }
    freeze_another_commit(&ground, &repository::path().join("client/trust/tests/attacks"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let digest = &ground.seed.layout.manifest_digest;
    keep(&folder.join("root.json"), &ground.stack.trusted_root());
    keep(
        &folder.join("expected.json"),
        &json!({ "digest": digest, "commit": COMMIT, "system": SYSTEM, "now": now, "lock": LOCK }),
    );
}
