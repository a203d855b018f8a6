//! Clients that nobody here wrote find what is attached, and believe it.

use nix_seed_checks::sigstore::key::{Algorithm, Key};
use nix_seed_checks::sigstore::tools::Version;

use super::others::whose;
use super::*;

const RELEASE: &str = "https://0compute.github.io/nix-seed/release/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const KEY: [&str; 2] = ["--key", "key.pub"];

/// What cosign says of a statement of this type, signed by `who`: where it is attached, and in its file.
fn verified(ground: &Ground, version: Version, kind: &str, who: &[&str]) -> [anyhow::Result<String>; 2] {
    let manifest = ground.manifest();
    let name = if kind == RELEASE { "bundles/release.sigstore.json" } else { "bundles/provenance.sigstore.json" };
    let (image, file) = (["--allow-http-registry", &ground.image], ["--bundle", name, &manifest]);
    [(&["verify-attestation"], &image[..]), (&["verify-blob-attestation"], &file[..])].map(|(command, what)| {
        let options = ["--type", kind, "--trusted-root", "root.json", "--new-bundle-format"];
        ground.cosign(version, &[&command[..], &options, who, what].concat())
    })
}

/// That it believes who signed and nobody else, at each registry: an identity, then a key.
fn believes(version: Version, options: Options, algorithm: Algorithm) {
    for registry in Registry::BOTH {
        let ground = Ground::open_at(registry, options);
        let key = Key::generate(algorithm).unwrap();
        ground.write("key.pem", &key.private_pem());
        ground.write("key.pub", &key.public_pem());
        let issuer = ground.stack.issuer(Kind::GitHub);
        let (identity, other) = (whose(Kind::GitHub.subject(), &issuer), whose("https://example.org/other", &issuer));
        // Twice: a log's very first entry has no hashes in its proof, which cosign 2 does not believe.
        for _ in 0..2 {
            succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
        }
        for kind in [RELEASE, PROVENANCE] {
            for said in verified(&ground, version, kind, &identity) {
                said.unwrap();
            }
            for who in [&other[..], &KEY] {
                assert!(verified(&ground, version, kind, who).iter().all(Result::is_err), "{who:?}");
            }
        }
        ground.believe_key(&key.public_pem(), &Value::Null);
        succeeded(&ground.attest(&["--key", "key.pem"]));
        for kind in [RELEASE, PROVENANCE] {
            for said in verified(&ground, version, kind, &KEY) {
                said.unwrap();
            }
        }
    }
}

#[test]
fn cosign_3_with_rekor_v2() {
    believes(Version::V3, only_v2(), Algorithm::P256);
}

#[test]
fn cosign_3_with_rekor_v1() {
    believes(Version::V3, only_v1(), Algorithm::Ed25519);
}

#[test]
fn cosign_2_with_rekor_v1() {
    believes(Version::V2, only_v1(), Algorithm::Ed25519);
}

#[test]
fn cosign_2_with_rekor_v1_and_a_p256_key() {
    believes(Version::V2, only_v1(), Algorithm::P256);
}

#[test]
fn cosign_2_does_not_know_rekor_v2() {
    let ground = Ground::open(only_v2());
    for _ in 0..2 {
        succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    }
    let issuer = ground.stack.issuer(Kind::GitHub);
    let [attached, file] = verified(&ground, Version::V2, RELEASE, &whose(Kind::GitHub.subject(), &issuer));
    // Where a newer one does, the table in doc/interoperability.md has another line.
    assert!(file.unwrap_err().to_string().contains("nil value in transaction log entry"));
    assert!(attached.is_err());
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
