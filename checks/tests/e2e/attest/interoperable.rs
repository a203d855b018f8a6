//! Clients that nobody here wrote find what is attached, and believe it.

use nix_seed_checks::sigstore::key::{Algorithm, Key};
use nix_seed_checks::sigstore::tools::Version;

use super::others::whose;
use super::*;

const RELEASE: &str = "https://0compute.github.io/nix-seed/release/v1";

#[test]
fn cosign_3_finds_and_verifies_both_statements() {
    for registry in Registry::BOTH {
        let ground = Ground::open_at(registry, only_v2());
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        let issuer = ground.stack.issuer(Kind::GitHub);
        let verify = |kind: &str, subject: &str| {
            let cosign = ["verify-attestation", "--type", kind, "--trusted-root", "root.json", "--new-bundle-format"];
            ground.cosign_image(Version::V3, &[&cosign[..], &whose(subject, &issuer)].concat())
        };
        for kind in [RELEASE, "https://slsa.dev/provenance/v1"] {
            verify(kind, Kind::GitHub.subject()).unwrap();
        }
        assert!(verify(RELEASE, "https://example.org/other").is_err());
    }
}

#[test]
fn cosign_2_verifies_what_is_in_rekor_v1() {
    for registry in Registry::BOTH {
        let ground = Ground::open_at(registry, only_v1());
        let issuer = ground.stack.issuer(Kind::GitHub);
        let key = Key::generate(Algorithm::Ed25519).unwrap();
        ground.write("key.pem", &key.private_pem());
        ground.write("key.pub", &key.public_pem());
        let manifest = ground.manifest();
        let verify = |what: &[&str], who: &[&str]| {
            let options = ["--type", RELEASE, "--trusted-root", "root.json", "--new-bundle-format"];
            ground.cosign(Version::V2, &[what, &options, who].concat())
        };
        let of_image = |who: &[&str]| verify(&["verify-attestation", "--allow-http-registry", &ground.image], who);
        let of_file = |who: &[&str]| {
            let bundle = ["--bundle", "bundles/release.sigstore.json", &manifest];
            verify(&[&["verify-blob-attestation"], &bundle[..]].concat(), who)
        };
        // A log's very first entry has no hashes in its proof, which cosign 2 does not believe.
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        let (identity, other) = (whose(Kind::GitHub.subject(), &issuer), whose("https://example.org/other", &issuer));
        of_image(&identity).unwrap();
        of_file(&identity).unwrap();
        assert!(of_image(&other).is_err() && of_file(&other).is_err());
        let by_key = ["--key", "key.pub"];
        assert!(of_image(&by_key).is_err());
        ground.believe_key(&key.public_pem(), &Value::Null);
        succeeded(&ground.attest(&["--key", "key.pem"]));
        of_image(&by_key).unwrap();
        of_file(&by_key).unwrap();
    }
}

#[test]
fn cosign_2_does_not_know_rekor_v2() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let manifest = ground.manifest();
    let issuer = ground.stack.issuer(Kind::GitHub);
    let verify = ["verify-blob-attestation", "--type", RELEASE, "--trusted-root", "root.json", "--new-bundle-format"];
    let what = ["--bundle", "bundles/release.sigstore.json", &manifest];
    let said = ground.cosign(Version::V2, &[&verify[..], &what, &whose(Kind::GitHub.subject(), &issuer)].concat());
    // Where a newer one does, the table in doc/interoperability.md has another line.
    assert!(said.unwrap_err().to_string().contains("nil value in transaction log entry"));
}

#[test]
fn oras_discovers_what_is_attached() {
    for registry in Registry::BOTH {
        let ground = Ground::open_at(registry, only_v2());
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        let said = ground.oras(&["discover", "--plain-http", "--format", "json", &ground.image]).unwrap();
        let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
        assert_eq!(said.matches(bundle).count(), 2, "{said}");
        assert!(said.contains(RELEASE), "{said}");
    }
}

#[test]
fn sigstore_python_verifies_a_bundle() {
    for options in [only_v1(), only_v2()] {
        let ground = Ground::open(options);
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        let (manifest, issuer) = (ground.manifest(), ground.stack.issuer(Kind::GitHub));
        let verify = |identity: &str| {
            let bundle = ["verify", "identity", "--bundle", "bundles/release.sigstore.json"];
            let whose = ["--cert-identity", identity, "--cert-oidc-issuer", &issuer, &manifest];
            ground.sigstore_python(&[&bundle[..], &whose].concat())
        };
        verify(Kind::GitHub.subject()).unwrap();
        assert!(verify("https://example.org/other").is_err());
    }
}
