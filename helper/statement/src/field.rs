//! The forms of fields, and what they must not be.

use nix_seed_store::{Sha256Hash, StorePath};
use serde::{Deserialize, Deserializer, Serializer, de};

use crate::{Error, Result};

/// The most characters of a text.
const TEXT_MAX: usize = 2048;

/// A text that a line can hold: not empty, at most 2048 bytes, no control characters.
pub(crate) fn check_text(field: impl Into<String>, text: &str) -> Result<()> {
    if text.is_empty() || text.len() > TEXT_MAX {
        return Err(Error::field(field, text, "it has to have 1 to 2048 bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::field(field, text, "it holds control characters"));
    }
    Ok(())
}

/// A URI as far as a policy compares it: with a scheme, and nothing that shows differently than it is.
pub(crate) fn check_uri(field: impl Into<String>, uri: &str) -> Result<()> {
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"+-.".contains(&c));
    if uri.len() > TEXT_MAX || !is_scheme || !uri.bytes().all(|c| c.is_ascii_graphic()) {
        return Err(Error::field(
            field,
            uri,
            "it has to be a URI of at most 2048 ASCII characters, as git+https://host/path",
        ));
    }
    Ok(())
}

/// A commit: 40 or 64 hexadecimal digits, in small letters.
pub(crate) fn check_commit(field: impl Into<String>, commit: &str) -> Result<()> {
    if matches!(commit.len(), 40 | 64) && commit.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(());
    }
    Err(Error::field(field, commit, "a commit is 40 or 64 digits 0-9, a-f"))
}

/// A system as Nix writes it: two or more words of small letters, digits and "_", with "-" between.
pub(crate) fn check_system(field: impl Into<String>, system: &str) -> Result<()> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
    };
    if system.len() <= 64 && system.contains('-') && system.split('-').all(is_word) {
        return Ok(());
    }
    Err(Error::field(field, system, "write it as Nix does, as in x86_64-linux"))
}

/// Refuses a list that is not sorted by the bytes of `key`, or has a key twice.
pub(crate) fn check_sorted<T>(field: &str, items: &[T], key: impl Fn(&T) -> &str) -> Result<()> {
    match items.windows(2).position(|pair| key(&pair[0]) >= key(&pair[1])) {
        Some(at) => {
            let why = "a list has to be sorted, and have each entry once";
            Err(Error::field(format!("{field}[{}]", at + 1), key(&items[at + 1]), why))
        }
        None => Ok(()),
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    String::deserialize(deserializer)
}

/// A SHA-256 as 64 hexadecimal digits.
pub(crate) mod hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(hash: &Sha256Hash, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&hash.hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Sha256Hash, D::Error> {
        Sha256Hash::from_hex(&text(deserializer)?).map_err(de::Error::custom)
    }
}

/// A SHA-256 as `sha256-<base 64>`, which is how Nix writes the hash of a NAR.
pub(crate) mod sri {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(hash: &Sha256Hash, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&hash.sri())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Sha256Hash, D::Error> {
        Sha256Hash::parse(&text(deserializer)?).map_err(de::Error::custom)
    }
}

/// A store path in full.
pub(crate) mod store_path {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(path: &StorePath, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(path)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<StorePath, D::Error> {
        StorePath::parse(&text(deserializer)?).map_err(de::Error::custom)
    }
}
