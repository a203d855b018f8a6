//! SHA-256 digests (OCI Image Specification 1.1, "Digests").

use std::sync::Arc;

use data_encoding::HEXLOWER;
use oci_spec::image::{Digest, Sha256Digest};
use sha2::{Digest as _, Sha256};

use crate::http::protocol;
use crate::{Error, Result, Subject};

/// The digest of some bytes; there always is one.
pub(crate) fn hash(bytes: &[u8]) -> Option<Digest> {
    let digest: Sha256Digest = HEXLOWER.encode(&Sha256::digest(bytes)).parse().ok()?;
    Some(digest.into())
}

/// The digest of some bytes.
pub(crate) fn of(at: &Arc<Subject>, bytes: &[u8]) -> Result<Digest> {
    hash(bytes).ok_or_else(|| protocol(at, &at.registry, "no digest can be made"))
}

/// Compares bytes with the digest that they were asked for by.
pub(crate) fn check(at: &Arc<Subject>, expected: &Digest, bytes: &[u8]) -> Result<()> {
    let found = of(at, bytes)?;
    if found == *expected {
        return Ok(());
    }
    Err(Error::Mismatch { at: at.clone(), why: format!("what came has the digest {found}, not {expected}") })
}
