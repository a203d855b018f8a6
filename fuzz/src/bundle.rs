//! A signed statement: the input is a Sigstore bundle, which somebody attached beside what an honest builder signed.
//!
//! The bundles, and the policy with its trusted root, in `real/` are of real services: of Rekor v2, of v1, and with a key. All private keys are
//! gone, so whatever else is believed is forged.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use nix_seed_cfg::Cfg;
use nix_seed_statement::release::{IMAGE, ReleaseStatement};
use nix_seed_trust::sigstore::{Signer, TrustRoot, verify};
use nix_seed_trust::{Builder, Bundle, Decision, Expected, Policy, decide};

pub(crate) const POLICY: &[u8] = include_bytes!("../real/policy.json");
const RELEASE: &[u8] = include_bytes!("../real/release.v2.json");
const PROVENANCE: &[u8] = include_bytes!("../real/provenance.v2.json");
const OTHERS: [&[u8]; 4] = [
    include_bytes!("../real/release.v1.json"),
    include_bytes!("../real/provenance.v1.json"),
    include_bytes!("../real/release.key.json"),
    include_bytes!("../real/provenance.key.json"),
];

/// What is decided by, and about what.
struct Ground {
    policy: Policy,
    root: TrustRoot,
    expected: Expected,
    release: ReleaseStatement,
    /// All that was ever signed.
    signed: BTreeSet<Vec<u8>>,
}

static GROUND: LazyLock<Ground> = LazyLock::new(|| {
    let cfg = Cfg::from_json(POLICY).unwrap();
    let policy = Policy::of(&cfg).unwrap();
    let root = TrustRoot::parse(cfg.trusted_root.as_ref().unwrap().as_bytes(), "seedCfg").unwrap();
    let payload = |bundle: &[u8]| verify(bundle, &root, &policy.keys(), "what is real").unwrap().payload;
    let release = ReleaseStatement::from_bytes(&payload(RELEASE)).unwrap();
    let signed = OTHERS.into_iter().chain([RELEASE, PROVENANCE]).map(payload).collect();
    let expected = Expected {
        digest: release.subject(IMAGE).unwrap(),
        name: Some(IMAGE.into()),
        commit: Some(release.release().source.commit.clone()),
        lock: None,
        system: None,
        seed: None,
        // The year 2100: nothing depends on when this runs.
        now: 4_102_444_800,
    };
    Ground { policy, root, expected, release, signed }
});

/// The bundle of the release statement.
pub fn honest() -> Vec<u8> {
    RELEASE.to_vec()
}

/// What is believed is what the builder signed, alone it is not enough, and beside what the builder attached it changes no decision.
pub fn run(data: &[u8]) -> bool {
    let Ground { policy, root, expected, release, signed } = &*GROUND;
    let decide = |bundles: &[&[u8]]| {
        let bundle = |bytes: &&[u8]| Bundle { at: "a bundle".into(), bytes: bytes.to_vec() };
        decide(policy, root, expected, &bundles.iter().map(bundle).collect::<Vec<_>>())
    };
    assert!(decide(&[data]).is_err());
    // What is not verified is no evidence; beside it, all the time would go to what is honest.
    let Ok(found) = verify(data, root, &policy.keys(), "the input") else { return false };

    assert!(signed.contains(&found.payload), "it is forged");
    match &found.signer {
        Signer::Identity { subject, issuer, .. } => {
            let is_vouched_for = |builder: &&Builder| builder.issuer.as_ref() == Some(issuer);
            let builder = policy.builders.iter().find(is_vouched_for).unwrap();
            assert!(builder.subjects.iter().any(|pattern| pattern.matches(subject)));
        }
        Signer::Key(key) => assert!(policy.keys().contains(&key)),
    }
    let logs: BTreeSet<_> = found.entries.iter().map(|entry| &entry.log).collect();
    assert!(!logs.is_empty() && logs.len() == found.entries.len(), "an entry counts twice");

    let is_release = |decision: &Decision| decision.release == *release && !decision.findings.is_empty();
    assert!(is_release(&decide(&[data, RELEASE, PROVENANCE]).unwrap()), "a stranger takes a release away");
    for other in [RELEASE, PROVENANCE] {
        if let Ok(decision) = decide(&[data, other]) {
            assert!(is_release(&decision));
        }
    }
    true
}
