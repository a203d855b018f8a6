//! What other programs sign is verified as what this one signs.

use nix_seed_checks::sigstore::tools::Version;

use super::others::whose;
use super::*;

/// An artifact, and a token to sign it with.
fn ground(options: Options) -> Ground {
    let ground = Ground::open(options);
    ground.write("artifact", "an artifact");
    ground.write("config.json", &ground.stack.signing_config().to_string());
    ground.write("token", &ground.stack.mint(Kind::Email, &json!({})).unwrap());
    ground
}

/// That `artifact.json` is the artifact's signature, by the token's identity and by nobody else.
fn is_verified(ground: &Ground) {
    let issuer = ground.stack.issuer(Kind::Email);
    let by = |subject: &str| {
        let all = ["verify-bundle", "--bundle", "artifact.json", "--trusted-root", "root.json"];
        ground.say(BUILDER, &[&all[..], &whose(subject, &issuer), &["artifact"]].concat())
    };
    succeeded(&by(Kind::Email.subject()));
    assert_eq!(by("other@example.org").code, Some(50));
}

const SERVICES: [&str; 4] = ["--signing-config", "config.json", "--trusted-root", "root.json"];

#[test]
fn cosign_3_signs_a_file() {
    for options in [only_v1(), only_v2()] {
        let ground = ground(options);
        let sign = ["sign-blob", "--yes", "artifact", "--bundle", "artifact.json", "--identity-token", "token"];
        ground.cosign(Version::V3, &[&sign[..], &SERVICES].concat()).unwrap();
        is_verified(&ground);
    }
}

#[test]
fn cosign_2_signs_a_file() {
    let ground = ground(only_v1());
    let (fulcio, rekor) = (ground.stack.fulcio(), ground.log().url());
    let sign = ["sign-blob", "--yes", "artifact", "--new-bundle-format", "--bundle", "artifact.json"];
    let services = ["--identity-token", "token", "--fulcio-url", &fulcio, "--rekor-url", &rekor];
    // Of a log's very first entry it does not believe the proof itself.
    for _ in 0..2 {
        let _ = ground.cosign(Version::V2, &[&sign[..], &services].concat());
    }
    is_verified(&ground);
}

#[test]
fn sigstore_python_signs_a_file() {
    for options in [only_v1(), only_v2()] {
        let ground = ground(options);
        let token = fs::read_to_string(ground.at("token")).unwrap();
        ground.sigstore_python(&["sign", "--identity-token", &token, "--bundle", "artifact.json", "artifact"]).unwrap();
        is_verified(&ground);
    }
}

/// The statement in a bundle that nix-seed wrote.
fn statement(ground: &Ground, kind: &str) -> Vec<u8> {
    let bundle = fs::read(ground.at(&format!("bundles/{kind}.sigstore.json"))).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    data_encoding::BASE64.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn cosign_3_signs_our_statements() {
    let ground = ground(only_v2());
    // By somebody whom the policy does not know: only what is said is taken from it.
    succeeded(&ground.attest_as(Kind::Email, &json!({})));
    ground.refused("wrong-signer", &[]);
    ground.write("token", &ground.stack.mint(Kind::GitHub, &json!({})).unwrap());
    let bundles = ["release", "provenance"].map(|kind| {
        let bundle = format!("{kind}.cosign.json");
        fs::write(ground.at("statement.json"), statement(&ground, kind)).unwrap();
        let attest = ["attest-blob", "--yes", "--statement", "statement.json", "--identity-token", "token"];
        ground.cosign(Version::V3, &[&attest[..], &SERVICES, &["--bundle", &bundle]].concat()).unwrap();
        bundle
    });
    succeeded(&ground.verify(&["--bundle", &bundles[0], "--bundle", &bundles[1]]));
}
