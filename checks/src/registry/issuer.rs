//! Signs tokens (JWT, ES256) with a key of its own, and the certificate by which a registry knows them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use data_encoding::{BASE64, BASE64_MIME, BASE64URL_NOPAD};
use rcgen::{CertificateParams, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use serde_json::{Value, json};

pub(super) struct Issuer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    certificate: Vec<u8>,
}

impl Issuer {
    pub(super) fn new() -> Result<Self> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let document = document.map_err(|_| anyhow!("cannot make a key"))?;
        let key = |form: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(form, document.as_ref(), &random).map_err(|error| anyhow!("no key: {error}"))
        };
        let mut params = CertificateParams::new(Vec::new())?;
        params.serial_number = Some(1.into());
        let certificate = params
            .self_signed(&CertificateKey(key(&ECDSA_P256_SHA256_ASN1_SIGNING)?, &random))
            .context("cannot make a certificate")?;
        Ok(Self { key: key(&ECDSA_P256_SHA256_FIXED_SIGNING)?, certificate: certificate.der().to_vec(), random })
    }

    /// The certificate (PEM), as a registry reads it.
    pub(super) fn bundle(&self) -> String {
        let text = BASE64_MIME.encode(&self.certificate);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        // A name for the key is made in another way by each version of docker-registry; its certificate is not.
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [BASE64.encode(&self.certificate)] });
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let text = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.key.sign(&self.random, text.as_bytes()).map_err(|_| anyhow!("cannot sign a token"))?;
        Ok(format!("{text}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }
}

/// The same key as certificates want it: their signatures are of another form than those of tokens.
///
/// rcgen could make keys itself, but then brings what reads certificates too.
struct CertificateKey<'a>(EcdsaKeyPair, &'a SystemRandom);

impl PublicKeyData for CertificateKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for CertificateKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.0.sign(self.1, message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
