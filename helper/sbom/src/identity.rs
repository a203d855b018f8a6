//! What makes a document unlike any other: a hash of it, and the time that it was given.

use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// What stands for a document's identifier while it is computed.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// The last second of the year 9999.
const TIME_MAX: u64 = 253_402_300_799;

/// The document that `write` makes with its own identifier: a UUID of version 8 (RFC 9562, section 5.8), made of the SHA-256 of the document
/// as it is with zeros in the identifier's place.
pub(crate) fn with_identifier(mut write: impl FnMut(&str) -> Vec<u8>) -> Vec<u8> {
    let identifier = uuid(&write(NIL));
    write(&identifier)
}

fn uuid(document: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(document).into();
    let mut bytes = digest;
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut uuid = String::new();
    for (at, byte) in bytes.iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid += &format!("{byte:02x}");
    }
    uuid
}

/// Seconds since 1970 as RFC 3339 writes them, in UTC.
pub(crate) fn timestamp(time: u64) -> Result<String> {
    if time > TIME_MAX {
        return Err(Error::Time { time });
    }
    Ok(humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(time)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_that_of_the_content() {
        let write = |text: &'static str| move |id: &str| format!("{id} {text}").into_bytes();
        let document = String::from_utf8(with_identifier(write("text"))).unwrap();
        // As `printf '%s' '00000000-0000-0000-0000-000000000000 text' | sha256sum` begins, with version and variant.
        let hash = Sha256::digest(format!("{NIL} text"));
        let id = document.split(' ').next().unwrap();
        assert!(id.starts_with(&format!("{:02x}{:02x}{:02x}{:02x}-", hash[0], hash[1], hash[2], hash[3])));
        assert_eq!((id.len(), &id[14..15]), (36, "8"));
        assert!("89ab".contains(&id[19..20]));
        assert_ne!(with_identifier(write("text")), with_identifier(write("texts")));
    }

    #[test]
    fn times() {
        for (time, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:01Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_760_000_000, "2025-10-09T08:53:20Z"),
            (TIME_MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(timestamp(time).unwrap(), expected);
        }
        for time in [TIME_MAX + 1, u64::MAX] {
            assert!(matches!(timestamp(time), Err(Error::Time { .. })));
        }
    }
}
