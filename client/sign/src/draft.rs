use nix_seed_statement::PAYLOAD_TYPE;
use nix_seed_trust::sigstore::{self, PublicKey, TrustRoot};
use serde::{Deserialize, Serialize};
use sigstore_bundle::{BundleV03, VerificationMaterialV03};
use sigstore_types::{
    Bundle, DerPublicKey, DsseEnvelope, DsseSignature, KeyId, PayloadBytes, SignatureBytes, SignatureContent,
};
use url::Url;

use crate::services::{Http, Rekor, RekorVersion, Services, certificate, log, timestamp};
use crate::signer::Hand;
use crate::{Error, PrivateKey, Result, Signer};

/// The version of the document that a draft is kept as.
const VERSION: u64 = 1;

/// A signed statement that is not in all logs yet.
///
/// As JSON it can be kept until the logs are there again. It holds no secret: what is missing is proofs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    version: u64,
    bundle: Bundle,
    /// The public key in PEM, where there is no certificate.
    public_key: Option<String>,
    /// The logs that are still to be asked.
    missing: Vec<Missing>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Missing {
    url: Url,
    version: u32,
}

/// Signs statements: one draft for each, in their order.
pub fn sign(statements: &[&[u8]], signer: &Signer, services: &Services, http: &Http) -> Result<Vec<Draft>> {
    let ephemeral;
    let (hand, certified) = match signer {
        Signer::Keyless(token) => {
            ephemeral = PrivateKey::ephemeral()?;
            services.check(ephemeral.public().algorithm(), true)?;
            let fulcio = services.fulcio.as_ref();
            let mend = "name one: --fulcio, or `services.fulcio` in seedCfg";
            let fulcio = fulcio.ok_or(Error::Missing { what: "a certificate authority", mend })?;
            let certificate = certificate(http, fulcio, token, &ephemeral)?;
            (Hand::Own(&ephemeral), Some(certificate))
        }
        Signer::Key(key) => (Hand::Own(key), None),
        Signer::Command(command) => (Hand::Program(command), None),
    };
    let public = hand.public();
    if certified.is_none() {
        services.check(public.algorithm(), false)?;
    }
    let material = || match &certified {
        Some(certificate) => VerificationMaterialV03::Certificate(certificate.clone()),
        None => VerificationMaterialV03::PublicKey { hint: public.hint() },
    };
    let missing: Vec<_> = services.rekor.iter().map(Missing::of).collect();
    let draft = |statement: &&[u8]| {
        let signature = SignatureBytes::new(hand.sign(&sigstore_types::pae(PAYLOAD_TYPE, statement))?);
        let mut bundle = BundleV03::new(material(), envelope(statement, &signature));
        for authority in &services.timestamp {
            bundle = bundle.with_rfc3161_timestamp(timestamp(http, authority, signature.as_bytes())?);
        }
        let public_key = certified.is_none().then(|| public.to_pem());
        Ok(Draft { version: VERSION, bundle: bundle.into_bundle(), public_key, missing: missing.clone() })
    };
    statements.iter().map(draft).collect()
}

fn envelope(statement: &[u8], signature: &SignatureBytes) -> SignatureContent {
    let signature = DsseSignature::new(signature.clone(), KeyId::default());
    SignatureContent::DsseEnvelope(DsseEnvelope::new(PAYLOAD_TYPE, PayloadBytes::new(statement.to_vec()), signature))
}

impl Missing {
    fn of(rekor: &Rekor) -> Self {
        let version = match rekor.version {
            RekorVersion::V1 => 1,
            RekorVersion::V2 => 2,
        };
        Self { url: rekor.url.clone(), version }
    }

    fn rekor(&self) -> Rekor {
        let version = if self.version == 1 { RekorVersion::V1 } else { RekorVersion::V2 };
        Rekor { url: self.url.clone(), version }
    }
}

impl Draft {
    /// Reads one that was kept.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let wrong = |why: &dyn std::fmt::Display| Error::Document(format!("this is no pending signature: {why}"));
        let draft: Self = serde_json::from_slice(json).map_err(|error| wrong(&error))?;
        if draft.version != VERSION || draft.missing.iter().any(|missing| !matches!(missing.version, 1 | 2)) {
            return Err(wrong(&"it is of another version"));
        }
        Ok(draft)
    }

    /// It as it is kept.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|error| Error::Document(error.to_string()))
    }

    /// The statement that is signed.
    pub fn statement(&self) -> &[u8] {
        match &self.bundle.content {
            SignatureContent::DsseEnvelope(envelope) => envelope.payload.as_bytes(),
            _ => &[],
        }
    }

    /// Whether nothing is missing any more.
    pub fn is_logged(&self) -> bool {
        self.missing.is_empty()
    }

    /// Asks the logs that are missing. One that does not answer stays missing; what others gave is kept.
    pub fn log(&mut self, http: &Http) -> Result<()> {
        let public = match &self.public_key {
            Some(pem) => DerPublicKey::from_pem(pem).map_err(|error| Error::Document(error.to_string()))?,
            None => DerPublicKey::new(Vec::new()),
        };
        let mut failure = None;
        for missing in std::mem::take(&mut self.missing) {
            match log(http, &missing.rekor(), &self.bundle, &public) {
                Ok(entry) => self.bundle.verification_material.tlog_entries.push(entry),
                Err(error) => {
                    self.missing.push(missing);
                    failure = failure.or(Some(error));
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The bundle, after it has been verified as its readers will.
    pub fn finish(&self, root: &TrustRoot) -> Result<Vec<u8>> {
        if let Some(missing) = self.missing.first() {
            let why = "the signature is not in it yet".into();
            return Err(Error::Unreachable { service: "the transparency log", url: missing.url.to_string(), why });
        }
        let json = self.bundle.to_json().map_err(|error| Error::Document(error.to_string()))?.into_bytes();
        let key = self.public_key.as_deref().map(PublicKey::from_pem).transpose()?;
        sigstore::verify(&json, root, key.as_ref().as_slice(), "the new bundle")?;
        Ok(json)
    }
}
