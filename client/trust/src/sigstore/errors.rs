//! What an error of Sigstore's crates means here.

use sigstore_verify::Error;
use sigstore_verify::error::{CertificateError, TimestampError, TransparencyLogError};

use crate::{Reason, Refusal};

pub(super) fn refusal(error: &Error, at: &str) -> Refusal {
    let reason = match error {
        Error::IdentityMismatch { .. } => Reason::WrongSigner,
        Error::IssuerMismatch { .. } => Reason::WrongIssuer,
        Error::SignatureInvalid(_) => Reason::WrongSignature,
        Error::ArtifactMismatch(why) if why.contains("hashedrekord") => Reason::OtherLogEntry,
        Error::ArtifactMismatch(_) => Reason::OtherSubject,
        Error::Certificate(error) => match error {
            CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => Reason::CertificateExpired,
            // Paths are built for the time of signing, so this is found there first, and told in a text alone.
            CertificateError::ChainInvalid(why) if why.contains("CertExpired") || why.contains("CertNotValidYet") => {
                Reason::CertificateExpired
            }
            CertificateError::Sct(_) => Reason::NoSct,
            _ => Reason::UntrustedCertificate,
        },
        Error::TransparencyLog(error) => match error {
            TransparencyLogError::UnknownLog { .. } => Reason::UnknownLog,
            TransparencyLogError::InclusionProof(_) => Reason::WrongLogProof,
            TransparencyLogError::Checkpoint(_) => Reason::UnsignedCheckpoint,
            TransparencyLogError::InclusionPromise(_) | TransparencyLogError::IntegratedTime(_) => Reason::WrongLogTime,
            _ => Reason::OtherLogEntry,
        },
        Error::Timestamp(error) => match error {
            TimestampError::NoVerifiedTimestamp(_) => Reason::NoTime,
            TimestampError::OutsideAuthorityValidity { .. } => Reason::TimeStampOutsideValidity,
            _ => Reason::WrongTimeStamp,
        },
        Error::InvalidTrustRoot(why) if why.contains("CT log") => Reason::NoSct,
        Error::Crypto(_) => Reason::UnknownAlgorithm,
        _ => Reason::Malformed,
    };
    Refusal::new(reason, at, error)
}
