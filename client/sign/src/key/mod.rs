//! Private keys in files.

mod cosign;
mod pem;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use nix_seed_trust::sigstore::PublicKey;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::{Error, Result};

/// The most bytes of a key's file.
const KEY_MAX: u64 = 64 << 10;

/// The password of a key, where it has one.
pub type Password = Option<SecretString>;

/// A private key that can sign.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// Reads a key from a file: PEM (PKCS#8, SEC 1), with or without a password, or as `cosign generate-key-pair` writes it.
    pub fn read(path: &Path, password: &Password) -> Result<Self> {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(KEY_MAX).read_to_string(&mut text));
        read.map_err(Error::io("reading", path))?;
        Self::parse(&SecretString::from(text), password, &path.display().to_string())
    }

    /// Reads the text of such a file; `at` names it.
    pub fn parse(text: &SecretString, password: &Password, at: &str) -> Result<Self> {
        Self::from_der(&pem::decode(text.expose_secret(), password, at)?, at)
    }

    /// Makes a P-256 key for the moment: it is nowhere but in memory.
    pub fn ephemeral() -> Result<Self> {
        let at = "memory";
        let failed = |_| Error::Key { at: at.into(), why: "it cannot be made".into() };
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        Self::new(Pair::P256(pair), at)
    }

    fn from_der(der: &SecretSlice<u8>, at: &str) -> Result<Self> {
        let der = der.expose_secret();
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Self::new(Pair::Ed25519(Box::new(pair)), at);
        }
        for (algorithm, pair) in [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, Pair::P256 as fn(_) -> _),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, Pair::P384 as fn(_) -> _),
        ] {
            // Both forms of an elliptic curve's key: RFC 5958 and RFC 5915.
            let found = EcdsaKeyPair::from_pkcs8(algorithm, der)
                .or_else(|_| EcdsaKeyPair::from_private_key_der(algorithm, der));
            if let Ok(found) = found {
                return Self::new(pair(found), at);
            }
        }
        let why = "it is no Ed25519, P-256 or P-384 key; make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256";
        Err(Error::Key { at: at.into(), why: why.into() })
    }

    fn new(pair: Pair, at: &str) -> Result<Self> {
        let der = match &pair {
            Pair::P256(pair) | Pair::P384(pair) => spki_of(pair.public_key()),
            Pair::Ed25519(pair) => spki_of(pair.public_key()),
        };
        let wrong = || Error::Key { at: at.into(), why: "it has no public key".into() };
        Ok(Self { pair, public: PublicKey::from_spki(&der.ok_or_else(wrong)?)? })
    }

    /// Its public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs: ECDSA with the curve's own hash, as ASN.1; or Ed25519.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let ecdsa = |pair: &EcdsaKeyPair| {
            let signed = pair.sign(&SystemRandom::new(), message);
            signed.map_err(|_| Error::Key { at: "memory".into(), why: "it cannot sign".into() })
        };
        Ok(match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => ecdsa(pair)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

fn spki_of<K: aws_lc_rs::encoding::AsDer<aws_lc_rs::encoding::PublicKeyX509Der<'static>>>(key: &K) -> Option<Vec<u8>> {
    Some(key.as_der().ok()?.as_ref().to_vec())
}

#[cfg(test)]
mod tests;
