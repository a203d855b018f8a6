//! What a key signs is believed, wherever the key is: in a file of openssl's or cosign's, or with a program.

use nix_seed_checks::sigstore::hsm::SoftHsm;
use nix_seed_checks::sigstore::key::{Algorithm, Key};
use nix_seed_checks::sigstore::tools::{self, Version};

use super::*;

const PASSWORD: &str = "correct-horse";

#[test]
fn keys_sign_where_the_log_takes_them() {
    for (options, algorithm) in
        [(only_v2(), Algorithm::P256), (only_v1(), Algorithm::P256), (only_v1(), Algorithm::Ed25519)]
    {
        let ground = Ground::open(options);
        let key = Key::generate(algorithm).unwrap();
        ground.write("key.pem", &key.private_pem());
        ground.believe_key(&key.public_pem(), &Value::Null);
        succeeded(&ground.attest(&["--key", "key.pem"]));
        succeeded(&ground.verify(&[]));
        let other = Key::generate(algorithm).unwrap();
        ground.believe_key(&other.public_pem(), &Value::Null);
        ground.refused("unknown-key", &[]);
    }
}

#[test]
fn ed25519_and_rekor_v2_do_not_go_together_and_that_is_said() {
    let ground = Ground::open(only_v2());
    let key = Key::generate(Algorithm::Ed25519).unwrap();
    ground.write("key.pem", &key.private_pem());
    ground.believe_key(&key.public_pem(), &Value::Null);
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
    ground.believe_key(&key, &json!(["sh", "-c", script]));
    let said = ground.attest(&["--builder", "own"]);
    succeeded(&said);
    succeeded(&ground.verify(&[]));
    // Another key than the token's.
    let other = Key::generate(Algorithm::P256).unwrap();
    ground.believe_key(&other.public_pem(), &json!(["sh", "-c", script]));
    let said = ground.attest(&["--builder", "own"]);
    assert!(said.code == Some(1) && said.err.contains("no signature of the P-256 key"), "{}", said.err);
}

fn pem(der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// That a key in `key` signs with its password, wherever that is given, and only with it.
fn signs_with_its_password(ground: &Ground, key: &str) {
    let attest = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = ground.attest_command(BUILDER, &[&["--key", key], arguments].concat());
        let said = said(command.envs(variables.iter().copied()));
        assert!(![&said.out, &said.err].iter().any(|text| text.contains("horse")), "{}", said.err);
        said
    };
    let failed = |said: &Said, why: &str| assert!(said.code == Some(1) && said.err.contains(why), "{}", said.err);
    failed(&attest(&[], &[]), "NIX_SEED_PASSWORD");
    failed(&attest(&[], &[("NIX_SEED_PASSWORD", "wrong-horse")]), "is the password right?");
    // Ours goes before cosign's.
    failed(
        &attest(&[], &[("NIX_SEED_PASSWORD", "wrong-horse"), ("COSIGN_PASSWORD", PASSWORD)]),
        "is the password right?",
    );
    ground.refused("no-statement", &[]);
    succeeded(&attest(&[], &[("COSIGN_PASSWORD", PASSWORD)]));
    succeeded(&ground.verify(&[]));
    succeeded(&attest(&[], &[("NIX_SEED_PASSWORD", PASSWORD), ("COSIGN_PASSWORD", "wrong-horse")]));
    ground.write("password", &format!("{PASSWORD}\n"));
    succeeded(&attest(&["--password-file", "password"], &[("NIX_SEED_PASSWORD", "wrong-horse")]));
}

#[test]
fn keys_that_cosign_made() {
    for version in [Version::V2, Version::V3] {
        let ground = Ground::open(only_v2());
        let cache = &ground.publisher.journey.workbench.cache;
        let mut cosign = tools::cosign(cache, version, ground.publisher.home()).unwrap();
        process::output(cosign.arg("generate-key-pair").env("COSIGN_PASSWORD", PASSWORD)).unwrap();
        ground.believe_key(&fs::read_to_string(ground.at("cosign.pub")).unwrap(), &Value::Null);
        signs_with_its_password(&ground, "cosign.key");
    }
}

#[test]
fn a_key_that_openssl_encrypted() {
    let ground = Ground::open(only_v2());
    let key = Key::generate(Algorithm::P256).unwrap();
    ground.write("plain.pem", &key.private_pem());
    ground.believe_key(&key.public_pem(), &Value::Null);
    ground.write("password", PASSWORD);
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem", "-passout", "file:password"]);
    process::output(openssl.current_dir(ground.publisher.home())).unwrap();
    signs_with_its_password(&ground, "key.pem");
}
