//! Public keys, as PEM has them (RFC 7468, section 13).

use std::fmt::Write as _;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::forms::shown;

const FIRST: &str = "-----BEGIN PUBLIC KEY-----\n";
const LAST: &str = "-----END PUBLIC KEY-----\n";
const MAX_BYTES: usize = 4096;

/// What a SubjectPublicKeyInfo begins with: RFC 8410, section 4; RFC 5480, section 2.
const ALGORITHMS: [(&str, &[u8]); 2] = [
    ("Ed25519", b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"),
    (
        "P-256",
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
    ),
];

/// Whether a text is one key, in its normal form.
pub(crate) fn is_key(text: &str) -> Result<(), String> {
    let holds = text.len() <= MAX_BYTES && der(text).is_some();
    if holds { Ok(()) } else { Err(format!("it is {}, not one public key in PEM, in its normal form", shown(text))) }
}

/// The bytes between the two lines.
fn der(text: &str) -> Option<Vec<u8>> {
    let body = text.strip_prefix(FIRST)?.strip_suffix(LAST)?.strip_suffix('\n')?;
    if body.split('\n').any(str::is_empty) {
        return None;
    }
    BASE64.decode(body.replace('\n', "").as_bytes()).ok()
}

/// What a person compares keys by: the algorithm, and the SHA-256 of the key's DER as `openssl pkey -pubin -outform DER | sha256sum`
/// prints it.
pub(crate) fn shown_key(text: &str) -> String {
    let der = der(text).unwrap_or_default();
    let algorithm =
        ALGORITHMS.iter().find(|(_, prefix)| der.starts_with(prefix)).map_or("another kind", |(name, _)| name);
    let mut hash = String::new();
    for byte in Sha256::digest(&der) {
        // A string takes all that is written.
        let _ = write!(hash, "{byte:02x}");
    }
    format!("{algorithm}, SHA-256 {hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../lib/seed-cfg/examples/keys/ci.pub");

    #[test]
    fn one_key_in_its_normal_form_is_a_key() {
        assert_eq!(is_key(KEY), Ok(()));
        assert!(shown_key(KEY).starts_with("P-256, SHA-256 "), "{}", shown_key(KEY));
        let bad = [
            String::new(),
            KEY.trim_end().into(),
            KEY.replace('\n', "\r\n"),
            KEY.replacen('\n', "\n\n", 1),
            format!("{KEY}{KEY}"),
            format!(" {KEY}"),
            KEY.replace("PUBLIC KEY", "CERTIFICATE"),
            KEY.replace("MFkw", "MFk"),
            KEY.replace("MFkw", "MF!w"),
            format!("{FIRST}\n{LAST}"),
            format!("{FIRST}{LAST}"),
            "x".repeat(5000),
        ];
        for bad in bad {
            assert!(is_key(&bad).is_err(), "{bad:?}");
        }
    }
}
