//! Sigstore's services are the real ones: clients that nobody here wrote sign with them, and believe them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix_seed_checks::machine::cache::Cache;
use nix_seed_checks::machine::process;
use nix_seed_checks::sigstore::hsm::SoftHsm;
use nix_seed_checks::sigstore::key::Algorithm;
use nix_seed_checks::sigstore::log::Log;
use nix_seed_checks::sigstore::token::Kind;
use nix_seed_checks::sigstore::tools::{self, Python, Version};
use nix_seed_checks::sigstore::{Options, Stack};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Services, and a folder with what a client is given: `root.json`, `config.json`, `artifact`.
struct Ground {
    cache: Cache,
    stack: Stack,
    folder: TempDir,
}

impl Ground {
    fn open(options: Options) -> Self {
        let cache = Cache::open().unwrap();
        let stack = Stack::start_with(&cache, options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ground = Self { cache, stack, folder };
        fs::write(ground.at("root.json"), ground.stack.trusted_root().to_string()).unwrap();
        fs::write(ground.at("config.json"), ground.stack.signing_config().to_string()).unwrap();
        fs::write(ground.at("artifact"), "an artifact").unwrap();
        ground
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cosign(&self, version: Version, arguments: &[&str]) -> anyhow::Result<String> {
        process::output(tools::cosign(&self.cache, version, self.folder.path()).unwrap().args(arguments))
    }

    /// cosign 3 signs for whoever a token of this kind is for, and logs it where the configuration says.
    fn sign(&self, kind: Kind, bundle: &str) -> anyhow::Result<Value> {
        let token = self.stack.mint(kind, &json!({})).unwrap();
        fs::write(self.at("token"), token).unwrap();
        let options = ["--signing-config", "config.json", "--trusted-root", "root.json", "--identity-token", "token"];
        self.cosign(Version::V3, &[&["sign-blob", "--yes", "artifact", "--bundle", bundle], &options[..]].concat())?;
        Ok(serde_json::from_slice(&fs::read(self.at(bundle)).unwrap()).unwrap())
    }

    /// cosign 3 verifies what it signed, by `subject`.
    fn verify(&self, kind: Kind, subject: &str, bundle: &str) -> anyhow::Result<String> {
        let issuer = self.stack.issuer(kind);
        let whose = ["--certificate-identity", subject, "--certificate-oidc-issuer", &issuer];
        let what = ["verify-blob", "--bundle", bundle, "--trusted-root", "root.json", "artifact"];
        self.cosign(Version::V3, &[&what[..], &whose].concat())
    }
}

fn only_v2() -> Options {
    Options { rekor_v2: 1, rekor_v1: false, ..Options::default() }
}

fn only_v1() -> Options {
    Options { rekor_v2: 0, rekor_v1: true, ..Options::default() }
}

fn entries(bundle: &Value) -> &Vec<Value> {
    bundle["verificationMaterial"]["tlogEntries"].as_array().unwrap()
}

fn named(log: &Log) -> String {
    data_encoding::BASE64.encode(&log.id())
}

#[test]
fn cosign_3_signs_and_verifies_with_rekor_v2_and_a_time_stamp() {
    let ground = Ground::open(only_v2());
    let bundle = ground.sign(Kind::GitHub, "bundle.json").unwrap();
    let entry = &entries(&bundle)[0];
    assert_eq!(entry["logId"]["keyId"], named(&ground.stack.rekor_v2()[0]));
    assert_eq!(entry["kindVersion"], json!({ "kind": "hashedrekord", "version": "0.0.2" }));
    let stamps = &bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    assert_eq!(stamps.as_array().unwrap().len(), 1);
    ground.verify(Kind::GitHub, Kind::GitHub.subject(), "bundle.json").unwrap();
    assert!(ground.verify(Kind::GitHub, "https://github.com/owner/other", "bundle.json").is_err());
    fs::write(ground.at("artifact"), "another").unwrap();
    assert!(ground.verify(Kind::GitHub, Kind::GitHub.subject(), "bundle.json").is_err());
}

#[test]
fn cosign_3_signs_and_verifies_with_rekor_v1() {
    let ground = Ground::open(only_v1());
    let bundle = ground.sign(Kind::Email, "bundle.json").unwrap();
    let entry = &entries(&bundle)[0];
    assert_eq!(entry["logId"]["keyId"], named(ground.stack.rekor_v1().unwrap()));
    assert!(entry["inclusionPromise"]["signedEntryTimestamp"].is_string());
    ground.verify(Kind::Email, Kind::Email.subject(), "bundle.json").unwrap();
}

#[test]
fn cosign_2_signs_and_verifies_with_rekor_v1() {
    let ground = Ground::open(only_v1());
    let (fulcio, issuer) = (ground.stack.fulcio(), ground.stack.issuer(Kind::GitLab));
    let rekor = ground.stack.rekor_v1().unwrap().url();
    // A log's very first entry has no hashes in its proof, which cosign 2 does not believe.
    ground.sign(Kind::Email, "first.json").unwrap();
    fs::write(ground.at("token"), ground.stack.mint(Kind::GitLab, &json!({})).unwrap()).unwrap();
    let sign = ["sign-blob", "--yes", "artifact", "--new-bundle-format", "--bundle", "bundle.json"];
    let services = ["--identity-token", "token", "--fulcio-url", &fulcio, "--rekor-url", &rekor];
    let mut cosign = tools::cosign(&ground.cache, Version::V2, ground.folder.path()).unwrap();
    cosign.envs(ground.stack.environment(ground.folder.path()).unwrap());
    process::output(cosign.args(sign).args(services)).unwrap();
    let verify =
        ["verify-blob", "artifact", "--new-bundle-format", "--bundle", "bundle.json", "--trusted-root", "root.json"];
    let whose = ["--certificate-identity", Kind::GitLab.subject(), "--certificate-oidc-issuer", &issuer];
    ground.cosign(Version::V2, &[&verify[..], &whose].concat()).unwrap();
    // A newer client reads what the older one wrote.
    ground.verify(Kind::GitLab, Kind::GitLab.subject(), "bundle.json").unwrap();
}

/// Writes a certificate's subject and issuer, and of which log it carries a time stamp.
const READ: &str = r#"
import base64, json, sys
from cryptography import x509
bundle = json.load(open(sys.argv[1]))
certificate = x509.load_der_x509_certificate(base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"]))
of = certificate.extensions.get_extension_for_class
names = of(x509.SubjectAlternativeName).value
stamps = of(x509.PrecertificateSignedCertificateTimestamps).value
json.dump({"subjects": [name.value for name in names], "logs": [base64.b64encode(stamp.log_id).decode() for stamp in stamps]}, sys.stdout)
"#;

#[test]
fn every_kind_of_token_has_its_subject_and_every_certificate_is_logged() {
    let ground = Ground::open(only_v2());
    let python = Python::open(&ground.cache).unwrap();
    let root = ground.stack.trusted_root();
    for kind in Kind::ALL {
        ground.sign(kind, "bundle.json").unwrap();
        let read = process::output(python.command().args(["-c", READ]).arg(ground.at("bundle.json"))).unwrap();
        let read: Value = serde_json::from_str(&read).unwrap();
        assert_eq!(read, json!({ "subjects": [kind.subject()], "logs": [root["ctlogs"][0]["logId"]["keyId"]] }));
    }
    // Who has no token that Fulcio believes gets no certificate.
    let stranger = ground.stack.mint(Kind::Email, &json!({ "aud": "somebody else" })).unwrap();
    fs::write(ground.at("token"), stranger).unwrap();
    let sign = ["sign-blob", "--yes", "artifact", "--bundle", "no.json", "--identity-token", "token"];
    let options = ["--signing-config", "config.json", "--trusted-root", "root.json"];
    assert!(ground.cosign(Version::V3, &[&sign[..], &options].concat()).is_err());
}

#[test]
fn sigstore_python_verifies_what_cosign_signed() {
    let ground = Ground::open(Options { rekor_v2: 1, ..Options::default() });
    let python = Python::open(&ground.cache).unwrap();
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": ground.stack.trusted_root(),
        "signingConfig": ground.stack.signing_config(),
    });
    fs::write(ground.at("trust.json"), config.to_string()).unwrap();
    let verify = |subject: &str, bundle: &str| {
        let mut command = python.command();
        command.args([
            "-m",
            "sigstore",
            "--trust-config",
            "trust.json",
            "verify",
            "identity",
            "--cert-identity",
            subject,
        ]);
        command.args(["--cert-oidc-issuer", &ground.stack.issuer(Kind::Buildkite), "--bundle", bundle, "artifact"]);
        process::output(command.current_dir(ground.folder.path()).env("HOME", ground.folder.path()))
    };
    for log in ground.stack.logs() {
        let bundle = format!("v{}.json", log.version());
        fs::write(ground.at("config.json"), ground.stack.signing_config_for(&[log]).to_string()).unwrap();
        // Of a log's very first entry cosign writes no index, zero, and no hashes, none; sigstore-python wants both.
        ground.sign(Kind::Email, "first.json").unwrap();
        ground.sign(Kind::Buildkite, &bundle).unwrap();
        verify(Kind::Buildkite.subject(), &bundle).unwrap();
        assert!(verify("https://buildkite.com/owner/other", &bundle).is_err());
    }
}

#[test]
fn two_logs_have_the_same_entry() {
    let ground = Ground::open(Options { rekor_v2: 2, rekor_v1: false, log_keys: Some(Algorithm::P256) });
    let logs: Vec<_> = ground.stack.logs().collect();
    fs::write(ground.at("config.json"), ground.stack.signing_config_for(&logs).to_string()).unwrap();
    let bundle = ground.sign(Kind::Email, "bundle.json").unwrap();
    let mut found: Vec<_> = entries(&bundle).iter().map(|entry| entry["logId"]["keyId"].clone()).collect();
    let mut expected: Vec<_> = logs.iter().map(|log| Value::from(named(log))).collect();
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    ground.verify(Kind::Email, Kind::Email.subject(), "bundle.json").unwrap();
}

#[test]
fn a_log_that_was_stopped_goes_on_where_it_was() {
    let ground = Ground::open(Options { rekor_v2: 1, ..Options::default() });
    for log in ground.stack.logs() {
        fs::write(ground.at("config.json"), ground.stack.signing_config_for(&[log]).to_string()).unwrap();
        let first = ground.sign(Kind::Email, "first.json").unwrap();
        log.stop();
        let error = ground.sign(Kind::Email, "never.json").unwrap_err();
        assert!(error.to_string().contains("connection refused"), "{error}");
        log.start().unwrap();
        let second = ground.sign(Kind::Email, "second.json").unwrap();
        let size = |bundle: &Value| {
            let size = &entries(bundle)[0]["inclusionProof"]["treeSize"];
            size.as_str().unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(size(&second), size(&first) + 1);
        if log.version() == 2 {
            let checkpoint = fs::read_to_string(log.files().join("checkpoint")).unwrap();
            assert!(checkpoint.starts_with(&format!("{}\n{}\n", log.origin(), size(&second))), "{checkpoint}");
        }
    }
}

#[test]
fn a_token_signs_with_a_key_that_it_keeps() {
    let token = SoftHsm::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("message"), "a message").unwrap();
    fs::write(at("signature"), token.sign(b"a message").unwrap()).unwrap();
    fs::write(at("key"), token.public_key().unwrap()).unwrap();
    let verify = |message: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha256", "-verify", "key", "-keyform", "DER", "-signature", "signature", message]);
        openssl.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(verify("message"));
    fs::write(at("other"), "another").unwrap();
    assert!(!verify("other"));
}
