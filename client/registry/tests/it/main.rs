//! Registries that misbehave, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod attach;
mod auth;
mod documents;
mod manifests;
mod memory;
mod ranges;
mod referrers;
mod server;
mod writes;

use data_encoding::HEXLOWER;
use nix_seed_registry::Digest;
use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of some bytes.
fn digest_of(bytes: &[u8]) -> Digest {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(bytes))).parse().unwrap()
}

/// Bytes without a pattern that a mistake could hit.
fn bytes(length: u32) -> Vec<u8> {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
