//! Bundles of any file, as Sigstore's conformance suite asks for them: no policy of ours, no statement of ours.

use nix_seed_statement::json::{self, Limits};
use sigstore_types::{Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use super::signed::document;
use super::{TrustRoot, errors};
use crate::{Reason, Refusal};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// The file itself.
    Bytes(&'a [u8]),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// Who has to be the signer.
#[derive(Debug, Clone)]
pub enum BlobSigner<'a> {
    /// Somebody with a certificate.
    Identity {
        /// Who it is, letter for letter.
        subject: &'a str,
        /// Who vouches for that.
        issuer: &'a str,
    },
    /// Whoever holds the private key of this one, in PEM.
    Key(&'a str),
}

/// Verifies a bundle as every client of Sigstore does (Sigstore Client Specification, "Verification").
pub fn verify_blob(
    bundle: &[u8],
    artifact: Artifact<'_>,
    signer: &BlobSigner<'_>,
    root: &TrustRoot,
) -> Result<(), Refusal> {
    let at = "the bundle";
    let malformed = |why: &dyn std::fmt::Display| Refusal::new(Reason::Malformed, at, why);
    json::check(bundle, Limits::BUNDLE).map_err(|error| document(&error, at))?;
    let text = std::str::from_utf8(bundle).map_err(|error| malformed(&error))?;
    let bundle = Bundle::from_json(text).map_err(|error| malformed(&error))?;
    let policy: Box<dyn Policy> = match signer {
        BlobSigner::Identity { subject, issuer } => Box::new(VerificationPolicy::new(*subject, *issuer)),
        BlobSigner::Key(pem) => {
            let key = DerPublicKey::from_pem(pem);
            let key =
                key.map_err(|_| Refusal::new(Reason::UnknownAlgorithm, "the public key", "it is no key in PEM"))?;
            Box::new(PublicKeyVerificationPolicy::new(key))
        }
    };
    let verifier = Verifier::new(&root.root).map_err(|error| errors::refusal(&error, "the trusted root"))?;
    let verified = match artifact {
        Artifact::Bytes(bytes) => verifier.verify(bytes, &bundle, policy.as_ref()),
        Artifact::Sha256(digest) => verifier.verify(Sha256Hash::new(digest), &bundle, policy.as_ref()),
    };
    verified.map(drop).map_err(|error| errors::refusal(&error, at))
}
