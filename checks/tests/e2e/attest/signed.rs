//! What is signed is believed: by an identity, a key, a program with a key, and after a log was down.

use nix_seed_checks::sigstore::hsm::SoftHsm;
use nix_seed_checks::sigstore::key::{Algorithm, Key};

use super::*;

#[test]
fn a_workflow_signs_and_is_believed() {
    let ground = Ground::open(only_v2());
    ground.refused("no-statement", &[]);
    let said = ground.attest_as(Kind::GitHub, &json!({}));
    succeeded(&said);
    assert!(said.out.contains("release: sha256:") && said.out.contains("provenance: sha256:"), "{}", said.out);
    let token = fs::read_to_string(ground.at("token")).unwrap();
    for part in token.split('.') {
        assert!(!said.out.contains(part) && !said.err.contains(part), "a part of the token is shown: {}", said.err);
    }

    let said = ground.verify(&["--json", "--commit", COMMIT, "--system", SYSTEM]);
    let found = said.json();
    let found = &found["verify"];
    assert_eq!((&found["verdict"], &found["level"]), (&json!("believed"), &json!(1)), "{found}");
    assert_eq!(found["release"]["source"]["commit"], COMMIT);
    let builder = &found["builders"][0];
    assert_eq!(builder["name"], "github");
    assert_eq!(builder["release"]["signer"]["subject"], Kind::GitHub.subject());
    assert_eq!(builder["release"]["logs"][0]["log"], ground.log().url());
    let said = ground.verify(&[]);
    succeeded(&said);
    assert!(said.out.contains("level 1 holds") && said.out.contains("sandbox"), "{}", said.out);

    // The bundles alone do it, too, with no registry: nothing listens there any more.
    let layout = ground.seed.dir.display().to_string();
    let bundles = ["--bundle", "bundles/release.sigstore.json", "--bundle", "bundles/provenance.sigstore.json"];
    let (publisher, home) = (&ground.publisher, ground.publisher.home().to_owned());
    drop(ground.registry);
    let mut offline = publisher.command(&[&["verify", &layout, "--policy", "policy.json"], &bundles[..]].concat());
    process::output(offline.current_dir(home)).unwrap();
}

#[test]
fn all_services_at_once_and_signing_again_changes_no_decision() {
    let ground = Ground::open(Options::default());
    let services = |name: &str| ground.stack.logs().filter(|log| format!("v{}", log.version()) == name).count();
    assert!(services("v1") > 0 && services("v2") > 0);
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    succeeded(&ground.attest_as(Kind::GitHub, &json!({})));
    let found = ground.verify(&["--json"]).json();
    assert_eq!(found["verify"]["builders"].as_array().unwrap().len(), 1, "{found}");
}

/// The policy, with a builder that has a key.
fn with_key(ground: &Ground, key: &str, signer: &Value) {
    let policy = ground.policy(|policy| {
        policy["builders"] = json!({ "own": {
            "issuer": null, "subjects": [], "keys": [key], "signer": signer,
            "parent": null, "jurisdictions": [], "infrastructure": null,
        } });
    });
    ground.write("policy.json", &policy.to_string());
}

#[test]
fn keys_sign_where_the_log_takes_them() {
    for (options, algorithm) in
        [(only_v2(), Algorithm::P256), (only_v1(), Algorithm::P256), (only_v1(), Algorithm::Ed25519)]
    {
        let ground = Ground::open(options);
        let key = Key::generate(algorithm).unwrap();
        ground.write("key.pem", &key.private_pem());
        with_key(&ground, &key.public_pem(), &Value::Null);
        succeeded(&ground.attest(&["--key", "key.pem"]));
        succeeded(&ground.verify(&[]));
        let other = Key::generate(algorithm).unwrap();
        with_key(&ground, &other.public_pem(), &Value::Null);
        ground.refused("unknown-key", &[]);
    }
}

#[test]
fn ed25519_and_rekor_v2_do_not_go_together_and_that_is_said() {
    let ground = Ground::open(only_v2());
    let key = Key::generate(Algorithm::Ed25519).unwrap();
    ground.write("key.pem", &key.private_pem());
    with_key(&ground, &key.public_pem(), &Value::Null);
    let said = ground.attest(&["--key", "key.pem"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("Ed25519 keys cannot be used with the Rekor v2 log"), "{}", said.err);
}

#[test]
fn a_token_of_pkcs_11_signs() {
    let ground = Ground::open(only_v2());
    let hsm = SoftHsm::new().unwrap();
    let tool = hsm.tool();
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_string_lossy());
    let variables: Vec<_> =
        tool.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| format!("{}={}", name.to_string_lossy(), quoted(value))).collect();
    let arguments: Vec<_> = tool.get_args().map(quoted).collect();
    // SoftHSM leaves the digest to whoever asks.
    let script = format!(
        "openssl dgst -sha256 -binary | {} pkcs11-tool {} --sign --id {} --mechanism ECDSA --signature-format openssl",
        variables.join(" "),
        arguments.join(" "),
        SoftHsm::KEY
    );
    let key = pem(&hsm.public_key().unwrap());
    with_key(&ground, &key, &json!(["sh", "-c", script]));
    let said = ground.attest(&["--builder", "own"]);
    succeeded(&said);
    succeeded(&ground.verify(&[]));
    // Another key than the token's.
    let other = Key::generate(Algorithm::P256).unwrap();
    with_key(&ground, &other.public_pem(), &json!(["sh", "-c", script]));
    let said = ground.attest(&["--builder", "own"]);
    assert!(said.code == Some(1) && said.err.contains("no signature of the P-256 key"), "{}", said.err);
}

fn pem(der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[test]
fn a_log_that_is_down_loses_nothing() {
    let ground = Ground::open(only_v2());
    ground.log().stop();
    let said = ground.attest_as(Kind::GitHub, &json!({}));
    assert_eq!(said.code, Some(21), "{}", said.err);
    assert!(said.err.contains("attest --resume"), "{}", said.err);
    let waiting = || fs::read_dir(ground.at("state/nix-seed/pending")).map_or(0, Iterator::count);
    assert_eq!(waiting(), 2);
    // Nothing is called verified meanwhile.
    ground.refused("no-statement", &[]);
    let resume = || ground.say(BUILDER, &["attest", "--resume", "--policy", "policy.json"]);
    assert_eq!(resume().code, Some(21));
    assert_eq!(waiting(), 2);
    ground.log().start().unwrap();
    succeeded(&resume());
    assert_eq!(waiting(), 0);
    succeeded(&ground.verify(&[]));
}
