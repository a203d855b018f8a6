use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use sigstore_crypto::KeyAlgorithm;
use sigstore_types::{DerPublicKey, SignatureBytes};

use crate::{Reason, Refusal};

/// The least bits of an RSA modulus (NIST SP 800-57 part 1, table 2: 128 bits of security).
const RSA_BITS: usize = 3072;

/// A public key that is good enough to be believed.
#[derive(Debug, Clone)]
pub struct PublicKey {
    der: DerPublicKey,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Reads a key in PEM (`-----BEGIN PUBLIC KEY-----`).
    pub fn from_pem(pem: &str) -> Result<Self, Refusal> {
        let der = DerPublicKey::from_pem(pem)
            .map_err(|_| Refusal::new(Reason::UnknownAlgorithm, "a public key", "it is no key in PEM"))?;
        Self::from_der(der)
    }

    /// Reads a key in DER (RFC 5280, `SubjectPublicKeyInfo`).
    pub fn from_spki(der: &[u8]) -> Result<Self, Refusal> {
        Self::from_der(DerPublicKey::new(der.to_vec()))
    }

    fn from_der(der: DerPublicKey) -> Result<Self, Refusal> {
        let algorithm = check(&der, "a public key")?;
        Ok(Self { der, algorithm })
    }

    pub(crate) fn der(&self) -> &DerPublicKey {
        &self.der
    }

    /// The key in DER.
    pub fn spki(&self) -> &[u8] {
        self.der.as_bytes()
    }

    /// The key in PEM, with the lines' ends that openssl writes.
    pub fn to_pem(&self) -> String {
        self.der.to_pem().replace("\r\n", "\n")
    }

    /// Whether `signature` is one of `message` by this key, with the hash that the key's algorithm has by itself.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = SignatureBytes::from_bytes(signature);
        sigstore_crypto::verify_signature(&self.der, message, &signature, self.algorithm.default_signing_scheme())
            .is_ok()
    }

    /// What the key is called: the SHA-256 of its DER, in hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.der.as_bytes()))
    }

    /// What a bundle calls it (cosign: the SHA-256 of its DER in base 64).
    pub fn hint(&self) -> String {
        BASE64.encode(&Sha256::digest(self.der.as_bytes()))
    }

    /// Its algorithm, for people.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            KeyAlgorithm::EcdsaP256 => "P-256",
            KeyAlgorithm::EcdsaP384 => "P-384",
            KeyAlgorithm::Ed25519 => "Ed25519",
            KeyAlgorithm::Rsa => "RSA",
            _ => "ML-DSA",
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der.as_bytes() == other.der.as_bytes()
    }
}

impl Eq for PublicKey {}

/// Refuses keys of unknown algorithms, and short ones.
pub(super) fn check(der: &DerPublicKey, at: &str) -> Result<KeyAlgorithm, Refusal> {
    let algorithm = KeyAlgorithm::from_spki(der).map_err(|error| Refusal::new(Reason::UnknownAlgorithm, at, error))?;
    match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::Ed25519 => Ok(algorithm),
        // All but 36 or more bytes of the key's DER are its modulus.
        KeyAlgorithm::Rsa if der.as_bytes().len().saturating_sub(36) * 8 < RSA_BITS => {
            Err(Refusal::new(Reason::WeakKey, at, "it is an RSA key of less than 3072 bits"))
        }
        KeyAlgorithm::Rsa => Ok(algorithm),
        _ => Err(Refusal::new(Reason::UnknownAlgorithm, at, format!("{algorithm:?} is not known here yet"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = include_str!("fixtures/p256.pub");
    const RSA_2048: &str = include_str!("fixtures/rsa-2048.pub");
    const RSA_3072: &str = include_str!("fixtures/rsa-3072.pub");
    const SECP256K1: &str = include_str!("fixtures/secp256k1.pub");

    #[test]
    fn a_weak_key() {
        assert_eq!(PublicKey::from_pem(RSA_2048).unwrap_err().reason, Reason::WeakKey);
        assert_eq!(PublicKey::from_pem(RSA_3072).unwrap().algorithm(), "RSA");
    }

    #[test]
    fn an_unknown_algorithm() {
        for pem in [SECP256K1, "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert_eq!(PublicKey::from_pem(pem).unwrap_err().reason, Reason::UnknownAlgorithm);
        }
    }

    #[test]
    fn a_key_has_the_name_that_cosign_gives_it() {
        let key = PublicKey::from_pem(P256).unwrap();
        let hint = BASE64.decode(key.hint().as_bytes()).unwrap();
        assert_eq!(HEXLOWER.encode(&hint), key.fingerprint());
        assert_eq!(key.to_pem().trim(), P256.trim());
    }
}
