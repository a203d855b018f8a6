//! Statements that no builder would sign, signed: by a key of the test's own, in a log of the test's own.
//!
//! The log has one entry at a time. That takes a hash, a checkpoint and a signature, which are as good as those of a real one; what
//! real ones write is in `fixtures`.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sigstore_crypto::KeyPair;

use super::case::{Case, decoded, entry};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// P-256.
pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_ecdsa_p256().unwrap())
    }

    fn der(&self) -> Vec<u8> {
        self.0.public_key_der().unwrap().as_bytes().to_vec()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.public_key_der().unwrap().to_pem().replace("\r\n", "\n")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).unwrap().as_bytes().to_vec()
    }
}

/// A log that takes everything.
pub(crate) struct Log {
    key: Key,
    host: &'static str,
}

impl Log {
    pub(crate) fn new(host: &'static str) -> Self {
        Self { key: Key::new(), host }
    }

    fn id(&self) -> Vec<u8> {
        Sha256::digest(self.key.der()).to_vec()
    }

    /// As a trusted root names it.
    pub(crate) fn known(&self) -> Value {
        json!({
            "baseUrl": format!("https://{}", self.host),
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": BASE64.encode(&self.key.der()),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": { "start": "2024-01-01T00:00:00Z" },
            },
            "logId": { "keyId": BASE64.encode(&self.id()) },
        })
    }

    /// A checkpoint of a tree with one leaf.
    pub(crate) fn checkpoint(&self, root: &[u8]) -> String {
        let text = format!("{}\n1\n{}\n", self.host, BASE64.encode(root));
        let signature = [&self.id()[..4], &self.key.sign(text.as_bytes())].concat();
        format!("{text}\n\u{2014} {} {}\n", self.host, BASE64.encode(&signature))
    }

    fn entry(&self, kind: &str, version: &str, body: &[u8]) -> Value {
        let root = Sha256::digest([b"\0", body].concat());
        json!({
            "logIndex": "0",
            "logId": { "keyId": BASE64.encode(&self.id()) },
            "kindVersion": { "kind": kind, "version": version },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": BASE64.encode(&root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": { "envelope": self.checkpoint(&root) },
            },
            "canonicalizedBody": BASE64.encode(body),
        })
    }

    /// Logs what a Rekor v1 has logged already, at another time.
    pub(crate) fn log_again(&self, bundle: &mut Value, time: i64) {
        let old = entry(bundle).clone();
        let text = |field: &str| old["kindVersion"][field].as_str().unwrap().to_owned();
        let mut new = self.entry(&text("kind"), &text("version"), &decoded(&old["canonicalizedBody"]));
        let promise = json!({
            "body": old["canonicalizedBody"],
            "integratedTime": time,
            "logID": HEXLOWER.encode(&self.id()),
            "logIndex": 0,
        });
        // Keys of a serde_json map are sorted, and these values have one form: that is canonical.
        new["inclusionPromise"] =
            json!({ "signedEntryTimestamp": BASE64.encode(&self.key.sign(promise.to_string().as_bytes())) });
        new["integratedTime"] = json!(time.to_string());
        *entry(bundle) = new;
    }

    /// A bundle of what a key signs, as Rekor v2 logs it.
    pub(crate) fn sign(&self, key: &Key, payload: &[u8]) -> Value {
        let pae =
            [format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).as_bytes(), payload].concat();
        let signature = BASE64.encode(&key.sign(&pae));
        let body = json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": { "hashedRekordV002": {
                "data": { "algorithm": "SHA2_256", "digest": BASE64.encode(&Sha256::digest(&pae)) },
                "signature": {
                    "content": signature,
                    "verifier": {
                        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                        "publicKey": { "rawBytes": BASE64.encode(&key.der()) },
                    },
                },
            } },
        });
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": { "hint": BASE64.encode(&Sha256::digest(key.der())) },
                "tlogEntries": [self.entry("hashedrekord", "0.0.2", body.to_string().as_bytes())],
            },
            "dsseEnvelope": {
                "payload": BASE64.encode(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{ "sig": signature }],
            },
        })
    }
}

/// What a provenance calls a release.
pub(crate) fn sha256(release: &Value) -> String {
    HEXLOWER.encode(&Sha256::digest(release.to_string().as_bytes()))
}

/// A valid set with keys that the test has, so that it can sign anything.
pub(crate) struct Own {
    pub(crate) case: Case,
    pub(crate) key: Key,
    pub(crate) log: Log,
    pub(crate) release: Value,
    pub(crate) provenance: Value,
}

impl Own {
    pub(crate) fn new() -> Self {
        let mut case = Case::of("p256-rekor-v2");
        let (key, log) = (Key::new(), Log::new("log.example.org"));
        case.root["tlogs"].as_array_mut().unwrap().push(log.known());
        case.policy["builders"]["own"]["keys"] = json!([key.pem()]);
        // No authority stamps what is signed here.
        case.policy["freshness"]["maxAge"] = Value::Null;
        let (release, provenance) = (super::case::statement(&case.release), super::case::statement(&case.provenance));
        Self { case, key, log, release, provenance }
    }

    /// A release with a provenance that names it.
    pub(crate) fn sign(mut self) -> Case {
        self.provenance["predicate"]["runDetails"]["byproducts"][0]["digest"]["sha256"] = json!(sha256(&self.release));
        let (release, provenance) = (self.release.to_string(), self.provenance.to_string());
        self.sign_bytes(release.as_bytes(), provenance.as_bytes())
    }

    /// Both as they are.
    pub(crate) fn sign_bytes(mut self, release: &[u8], provenance: &[u8]) -> Case {
        self.case.release = self.log.sign(&self.key, release);
        self.case.provenance = self.log.sign(&self.key, provenance);
        self.case
    }
}

#[test]
fn what_is_signed_here_is_believed() {
    Own::new().sign().decide().unwrap();
    let mut case = Case::of("keyless-rekor-v1");
    let log = Log::new("log.example.org");
    case.root["tlogs"] = json!([log.known()]);
    let now = case.expected.now;
    for bundle in [&mut case.release, &mut case.provenance] {
        log.log_again(bundle, now);
    }
    case.decide().unwrap();
}
