//! Clients that nobody here wrote find what is attached, and believe it.

use nix_seed_checks::sigstore::tools::{self, Python, Version};

use super::*;

const RELEASE: &str = "https://0compute.github.io/nix-seed/release/v1";

#[test]
fn cosign_finds_and_verifies_both_statements() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let cache = &ground.publisher.journey.workbench.cache;
    let issuer = ground.stack.issuer(Kind::GitHub);
    for kind in [RELEASE, "https://slsa.dev/provenance/v1"] {
        let mut cosign = tools::cosign(cache, Version::V3, ground.publisher.home()).unwrap();
        cosign.args(["verify-attestation", "--type", kind, "--trusted-root", "root.json", "--new-bundle-format"]);
        cosign.args(["--certificate-identity", Kind::GitHub.subject(), "--certificate-oidc-issuer", &issuer]);
        process::output(cosign.args(["--allow-http-registry", &ground.image])).unwrap();
    }
    let mut other = tools::cosign(cache, Version::V3, ground.publisher.home()).unwrap();
    other.args(["verify-attestation", "--type", RELEASE, "--trusted-root", "root.json", "--new-bundle-format"]);
    other.args(["--certificate-identity", "https://example.org/other", "--certificate-oidc-issuer", &issuer]);
    assert!(process::output(other.args(["--allow-http-registry", &ground.image])).is_err());
}

#[test]
fn oras_discovers_what_is_attached() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let mut oras = tools::oras(&ground.publisher.journey.workbench.cache, ground.publisher.home()).unwrap();
    let said = process::output(oras.args(["discover", "--plain-http", "--format", "json", &ground.image])).unwrap();
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    assert_eq!(said.matches(bundle).count(), 2, "{said}");
    assert!(said.contains(RELEASE), "{said}");
}

#[test]
fn sigstore_python_verifies_a_bundle() {
    let ground = Ground::open(only_v2());
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let python = Python::open(&ground.publisher.journey.workbench.cache).unwrap();
    let manifest = super::super::publish::blob(&ground.seed.dir, &ground.seed.layout.manifest_digest);
    let verify = |identity: &str| {
        let mut command = python.command();
        command.args(["-m", "sigstore", "--trust-config", "trust.json", "verify", "identity", "--bundle"]);
        command.args(["bundles/release.sigstore.json", "--cert-identity", identity, "--cert-oidc-issuer"]);
        process::output(
            command.arg(ground.stack.issuer(Kind::GitHub)).arg(&manifest).current_dir(ground.publisher.home()),
        )
    };
    let trust = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": ground.stack.trusted_root(),
        "signingConfig": ground.stack.signing_config(),
    });
    ground.write("trust.json", &trust.to_string());
    verify(Kind::GitHub.subject()).unwrap();
    assert!(verify("https://example.org/other").is_err());
}

#[test]
fn what_cosign_signs_is_verified() {
    let ground = Ground::open(only_v2());
    ground.write("artifact", "an artifact");
    ground.write("config.json", &ground.stack.signing_config().to_string());
    ground.write("token", &ground.stack.mint(Kind::Email, &json!({})).unwrap());
    let mut cosign =
        tools::cosign(&ground.publisher.journey.workbench.cache, Version::V3, ground.publisher.home()).unwrap();
    cosign.args(["sign-blob", "--yes", "artifact", "--bundle", "artifact.json", "--identity-token", "token"]);
    process::output(cosign.args(["--signing-config", "config.json", "--trusted-root", "root.json"])).unwrap();
    let issuer = ground.stack.issuer(Kind::Email);
    let by = |subject: &str| {
        let whose = ["--certificate-identity", subject, "--certificate-oidc-issuer", &issuer];
        let all = ["verify-bundle", "--bundle", "artifact.json", "--trusted-root", "root.json"];
        ground.say(BUILDER, &[&all[..], &whose, &["artifact"]].concat())
    };
    succeeded(&by(Kind::Email.subject()));
    assert_eq!(by("other@example.org").code, Some(50));
}
