//! What a decision is made of, as documents that a test may alter; first of all the valid sets in `fixtures`.

use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use nix_seed_cfg::Cfg;
use nix_seed_store::Sha256Hash;
use nix_seed_trust::sigstore::TrustRoot;
use nix_seed_trust::{Bundle, Decision, Expected, Policy, Refused, decide};
use serde_json::{Value, json};

/// The valid sets: two bundles and a policy each.
pub(crate) const SETS: [&str; 4] = ["keyless-rekor-v1", "keyless-rekor-v2", "ed25519-rekor-v1", "p256-rekor-v2"];

/// All that a decision depends on.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) root: Value,
    pub(crate) policy: Value,
    pub(crate) expected: Expected,
    pub(crate) release: Value,
    pub(crate) provenance: Value,
    /// Others that are attached, too; as bytes, since not all of them are JSON.
    pub(crate) others: Vec<Vec<u8>>,
}

fn read(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()))).unwrap()
}

impl Case {
    /// A valid set.
    pub(crate) fn of(set: &str) -> Self {
        let expected = read("expected.json");
        let text = |name: &str| expected[name].as_str().unwrap();
        Self {
            root: read("root.json"),
            policy: read(&format!("{set}/policy.json")),
            expected: Expected {
                digest: Sha256Hash::from_hex(text("digest").strip_prefix("sha256:").unwrap()).unwrap(),
                name: Some("image".into()),
                commit: Some(text("commit").into()),
                lock: Some(Sha256Hash::from_hex(text("lock")).unwrap()),
                system: Some(text("system").into()),
                seed: None,
                now: expected["now"].as_i64().unwrap(),
            },
            release: read(&format!("{set}/release.sigstore.json")),
            provenance: read(&format!("{set}/provenance.sigstore.json")),
            others: Vec::new(),
        }
    }

    /// What is decided.
    pub(crate) fn decide(&self) -> Result<Decision, Refused> {
        let bytes = |value: &Value| value.to_string().into_bytes();
        self.decide_on([bytes(&self.release), bytes(&self.provenance)].into_iter().chain(self.others.clone()))
    }

    /// As [`Self::decide`], with these bundles alone.
    pub(crate) fn decide_on(&self, bundles: impl IntoIterator<Item = Vec<u8>>) -> Result<Decision, Refused> {
        let bundle = |(number, bytes)| Bundle { at: format!("bundle {number}"), bytes };
        let bundles: Vec<_> = bundles.into_iter().enumerate().map(bundle).collect();
        let cfg = Cfg::from_json(self.policy.to_string().as_bytes()).unwrap();
        let root = TrustRoot::parse(self.root.to_string().as_bytes(), "the root").unwrap();
        decide(&Policy::of(&cfg)?, &root, &self.expected, &bundles)
    }
}

/// The entry of a bundle that has one.
pub(crate) fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

/// The bytes of a field in base 64.
pub(crate) fn decoded(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// What a bundle's payload says.
pub(crate) fn statement(bundle: &Value) -> Value {
    serde_json::from_slice(&decoded(&bundle["dsseEnvelope"]["payload"])).unwrap()
}

#[test]
fn valid_sets_are_believed() {
    for set in SETS {
        let decision = Case::of(set).decide().unwrap_or_else(|refused| panic!("{set}: {refused:?}"));
        assert_eq!(decision.findings.len(), 1, "{set}");
        assert!(decision.ignored.is_empty(), "{set}");
        assert!(!decision.findings[0].release.times.is_empty(), "{set}");
    }
}

type Change = fn(&mut Value);

/// Others leave out what is empty, or write it, and say the same.
#[test]
fn bundles_as_others_write_them_are_believed() {
    let changes: [(&str, Change); 6] = [
        ("keyless-rekor-v1", |bundle| {
            bundle["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData").unwrap();
        }),
        ("keyless-rekor-v1", |bundle| {
            bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = json!([]);
        }),
        ("keyless-rekor-v2", |bundle| bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("")),
        ("keyless-rekor-v2", |bundle| entry(bundle)["integratedTime"] = json!("0")),
        ("keyless-rekor-v2", |bundle| {
            bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.3");
        }),
        ("p256-rekor-v2", |bundle| {
            let hint = bundle["verificationMaterial"]["publicKey"]["hint"].clone();
            bundle["dsseEnvelope"]["signatures"][0]["keyid"] = hint;
        }),
    ];
    for (set, change) in changes {
        let mut case = Case::of(set);
        change(&mut case.release);
        case.decide().unwrap_or_else(|refused| panic!("{set}: {refused:?}"));
    }
    // The first entry of a log has no index, and needs no hashes.
    let mut case = super::signing::Own::new().sign();
    let logged = entry(&mut case.release);
    logged.as_object_mut().unwrap().remove("logIndex").unwrap();
    let proof = logged["inclusionProof"].as_object_mut().unwrap();
    proof.remove("logIndex").unwrap();
    proof.remove("hashes").unwrap();
    case.decide().unwrap();
}

/// The documents are public, and the same on every machine.
#[test]
fn fixtures_name_no_machine() {
    for set in SETS {
        let case = Case::of(set);
        for document in [&case.root, &case.policy, &case.release, &case.provenance, &statement(&case.provenance)] {
            let text = document.to_string();
            for part in ["/home/", "/root/", "/tmp/", "/work/", "localhost"] {
                assert!(!text.contains(part), "{set}: {part}");
            }
        }
    }
}
