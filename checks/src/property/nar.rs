//! The hash of a file as Nix computes it, so that a fixed-output derivation can be written down before it is built.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The NAR of a file that is not executable.
pub(super) fn of_file(bytes: &[u8]) -> Vec<u8> {
    let mut nar = Vec::new();
    for word in [&b"nix-archive-1"[..], b"(", b"type", b"regular", b"contents", bytes, b")"] {
        nar.extend((word.len() as u64).to_le_bytes());
        nar.extend(word);
        nar.resize(nar.len().next_multiple_of(8), 0);
    }
    nar
}
