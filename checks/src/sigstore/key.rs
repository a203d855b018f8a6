//! The keys that logs sign with.

use anyhow::{Result, anyhow};
use data_encoding::BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

/// How a `SubjectPublicKeyInfo` of either kind begins; what follows are the key's own bytes (RFC 8410, section 4; RFC 5480, section 2).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// How a private key of Ed25519 begins (RFC 8410, section 7). ring writes the public key too, which OpenSSL does not read.
const ED25519_PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Ed25519,
    P256,
}

/// A key of a log.
#[derive(Debug, Clone)]
pub struct Key {
    algorithm: Algorithm,
    /// PKCS #8, DER.
    private: Vec<u8>,
    /// The key's own bytes: 32 of Ed25519, an uncompressed point of P-256.
    public: Vec<u8>,
}

impl Key {
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let random = SystemRandom::new();
        let (private, public) = match algorithm {
            Algorithm::Ed25519 => {
                let mut seed = [0; 32];
                random.fill(&mut seed).map_err(|_| anyhow!("no random numbers"))?;
                let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
                let public = pair.map(|pair| pair.public_key().as_ref().to_vec());
                ([&ED25519_PRIVATE_PREFIX[..], &seed].concat(), public)
            }
            Algorithm::P256 => {
                let form = &ECDSA_P256_SHA256_ASN1_SIGNING;
                let document = EcdsaKeyPair::generate_pkcs8(form, &random).map_err(|_| anyhow!("cannot make a key"))?;
                let pair = EcdsaKeyPair::from_pkcs8(form, document.as_ref(), &random);
                (document.as_ref().to_vec(), pair.map(|pair| pair.public_key().as_ref().to_vec()))
            }
        };
        let public = public.map_err(|error| anyhow!("cannot read a key that was just made: {error}"))?;
        Ok(Self { algorithm, private, public })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The private key (PKCS #8, PEM): with it, whoever tests can say what the log never said.
    pub fn private_pem(&self) -> String {
        pem("PRIVATE KEY", &self.private)
    }

    /// The public key (`SubjectPublicKeyInfo`, DER).
    pub fn public_der(&self) -> Vec<u8> {
        let prefix: &[u8] = match self.algorithm {
            Algorithm::Ed25519 => &ED25519_PREFIX,
            Algorithm::P256 => &P256_PREFIX,
        };
        [prefix, &self.public].concat()
    }

    /// The public key (`SubjectPublicKeyInfo`, PEM).
    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der())
    }

    /// What the key is called in Sigstore's documents (`PublicKeyDetails` of its protobuf-specs).
    pub(super) fn details(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Ed25519 => "PKIX_ED25519",
            Algorithm::P256 => "PKIX_ECDSA_P256_SHA_256",
        }
    }

    /// The name of a log with this key: the hash of the public key (RFC 6962, section 3.2).
    pub fn log_id(&self) -> [u8; 32] {
        sha256(&self.public_der())
    }

    /// The whole hash of which a checkpoint has four bytes (C2SP signed-note, "Signatures"): Rekor v2 calls itself so.
    ///
    /// Of a P-256 key the hash is the one of [`Self::log_id`], as C2SP has it for logs that were there before.
    pub fn checkpoint_id(&self, origin: &str) -> [u8; 32] {
        const ED25519: u8 = 1;
        match self.algorithm {
            Algorithm::Ed25519 => sha256(&[origin.as_bytes(), b"\n", &[ED25519], &self.public].concat()),
            Algorithm::P256 => self.log_id(),
        }
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// RFC 7468: lines have 64 characters.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn key(algorithm: Algorithm, public: &str) -> Key {
        Key { algorithm, private: Vec::new(), public: HEXLOWER.decode(public.as_bytes()).unwrap() }
    }

    /// The keys and the hashes of Rekor v2's own test of it (pkg/note).
    #[test]
    fn a_log_is_named_as_rekor_v2_names_itself() {
        let ed25519 = "444bc9c8d6468d7e81dc3008b83dc14e0f6b230574d0663c5e0e4553e2050d44";
        let p256 = "0478bc3b817e34ab2d73ec952118c01a6832136d5ee9d83f82e46f713c4b32fcf5\
                    40a3d1f49a04b8358ce91a2ae45f1061b7e22fbcbd7d591d57f4035785ae6575";
        for (key, expected) in [
            (key(Algorithm::Ed25519, ed25519), "e4de82e34c8c270d87612a3d6a1e297e2cd0ed9cb89ea7aeec8ce4d0b54e6775"),
            (key(Algorithm::P256, p256), "8f92d720f56c219e34895a76a636a3353ddbf7813f9fa317e19982eafa945328"),
        ] {
            assert_eq!(HEXLOWER.encode(&key.checkpoint_id("testkey")), expected);
        }
    }

    #[test]
    fn openssl_reads_the_keys() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
            let key = Key::generate(algorithm).unwrap();
            let mut openssl = Command::new("openssl");
            openssl.args(["pkey", "-pubout"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = openssl.spawn().unwrap();
            child.stdin.take().unwrap().write_all(key.private_pem().as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), key.public_pem(), "{algorithm:?}");
        }
    }
}
