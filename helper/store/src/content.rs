use std::fmt;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use crate::hash::{from_nix_base32, to_nix_base32};
use crate::{Error, Result};

/// The hash by which a store path's content is known, and what was hashed (Nix manual, "Content-Addressing Store Objects").
///
/// What a fixed-output derivation gives beforehand, and what a store knows of the result ([`PathInfo::ca`](crate::PathInfo::ca)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentHash {
    /// What was hashed.
    pub method: HashMethod,
    /// How it was hashed.
    pub algorithm: HashAlgorithm,
    /// The hash: as many bytes as the algorithm gives.
    digest: Box<[u8]>,
}

/// What a [`ContentHash`] is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashMethod {
    /// The one file that the path is: its own hash (`flat`).
    File,
    /// As [`File`](Self::File), of a text that evaluation has written and that may have references (`text`).
    Text,
    /// The path's NAR (`recursive`).
    Nar,
    /// The path as a git object (`git`).
    Git,
}

/// How a [`ContentHash`] was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// BLAKE3, of 32 bytes.
    Blake3,
}

impl HashAlgorithm {
    /// As Nix names it: `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// Bytes of its hash.
    fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha512 => 64,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512, Self::Blake3].into_iter().find(|known| known.name() == name)
    }
}

impl ContentHash {
    /// Reads what a store says of a path: `fixed:sha256:…`, `fixed:r:sha256:…`, `fixed:git:sha1:…`, `text:sha256:…`; the hash in
    /// Nix base 32 or hexadecimal digits.
    pub fn parse(ca: &str) -> Result<Self> {
        let parsed = match ca.split_once(':') {
            Some(("text", rest)) => Self::of("text:", rest),
            Some(("fixed", rest)) => Self::of("", rest),
            _ => None,
        };
        parsed.ok_or_else(|| Error::ContentAddress { ca: ca.chars().take(256).collect() })
    }

    /// Reads the two fields that a `.drv` file has of a fixed output: `r:sha256` and hexadecimal digits.
    pub fn of_output(algorithm: &str, hash: &str) -> Option<Self> {
        Self::of("", &format!("{algorithm}:{hash}"))
    }

    fn of(method: &str, rest: &str) -> Option<Self> {
        let (method, rest) = match rest.split_once(':') {
            Some(("r", rest)) if method.is_empty() => (HashMethod::Nar, rest),
            Some(("text", rest)) if method.is_empty() => (HashMethod::Text, rest),
            Some(("git", rest)) if method.is_empty() => (HashMethod::Git, rest),
            _ if method.is_empty() => (HashMethod::File, rest),
            _ => (HashMethod::Text, rest),
        };
        let (algorithm, hash) = rest.split_once(':')?;
        let algorithm = HashAlgorithm::parse(algorithm)?;
        let digest = if hash.len() == 2 * algorithm.length() {
            HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok()?
        } else {
            from_nix_base32(hash.as_bytes())?
        };
        (digest.len() == algorithm.length()).then(|| Self { method, algorithm, digest: digest.into() })
    }

    /// Whether it is the hash of a file that anybody can compute, such as a download.
    pub fn is_of_file(&self) -> bool {
        matches!(self.method, HashMethod::File | HashMethod::Text)
    }

    /// Hexadecimal digits, small letters.
    pub fn hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.digest)
    }

    /// `sha256-<base64>` (W3C Subresource Integrity).
    pub fn sri(&self) -> String {
        format!("{}-{}", self.algorithm.name(), BASE64.encode(&self.digest))
    }
}

/// As [`parse`](ContentHash::parse) reads it, the hash in Nix base 32: what a store says of a path.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            HashMethod::File => "fixed:",
            HashMethod::Text => "text:",
            HashMethod::Nar => "fixed:r:",
            HashMethod::Git => "fixed:git:",
        };
        write!(f, "{method}{}:{}", self.algorithm.name(), to_nix_base32(&self.digest).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BASE32: &str = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";

    #[test]
    fn what_a_store_says_of_a_path() {
        for (ca, method) in [
            ("fixed:sha256:", HashMethod::File),
            ("fixed:r:sha256:", HashMethod::Nar),
            ("fixed:git:sha256:", HashMethod::Git),
            ("fixed:text:sha256:", HashMethod::Text),
            ("text:sha256:", HashMethod::Text),
        ] {
            let hash = ContentHash::parse(&format!("{ca}{BASE32}")).unwrap();
            assert_eq!((hash.method, hash.algorithm), (method, HashAlgorithm::Sha256), "{ca}");
            assert_eq!(hash, ContentHash::parse(&format!("{ca}{HEX}")).unwrap());
            assert_eq!(hash.hex(), HEX);
            assert_eq!(hash.sri(), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        }
    }

    #[test]
    fn what_a_derivation_says_of_its_output() {
        let flat = ContentHash::of_output("sha1", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709").unwrap();
        assert_eq!((flat.method, flat.algorithm), (HashMethod::File, HashAlgorithm::Sha1));
        assert!(flat.is_of_file());
        let recursive = ContentHash::of_output("r:sha512", &"0".repeat(128)).unwrap();
        assert_eq!((recursive.method, recursive.algorithm), (HashMethod::Nar, HashAlgorithm::Sha512));
        assert!(!recursive.is_of_file());
    }

    #[test]
    fn what_is_no_hash_of_content_is_refused() {
        for bad in [
            "",
            "fixed",
            "fixed:sha256",
            "fixed:sha256:",
            "fixed:sha1:00",
            "fixed:sha3:00",
            &format!("sha256:{HEX}"),
            &format!("text:r:sha256:{HEX}"),
            &format!("fixed:sha256:{}", &HEX[1..]),
            &format!("fixed:sha512:{HEX}"),
            &format!("fixed:r:r:sha256:{HEX}"),
        ] {
            assert!(ContentHash::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn every_hash_of_every_algorithm_is_read_in_both_notations(bytes: [u8; 32], longer: [u8; 32]) {
            let bytes = [bytes, longer].concat();
            for algorithm in ["md5", "sha1", "sha256", "sha512", "blake3"] {
                let length = HashAlgorithm::parse(algorithm).unwrap().length();
                let hex = data_encoding::HEXLOWER.encode(&bytes[..length]);
                let base32 = to_nix_base32(&bytes[..length]).unwrap();
                let hash = ContentHash::parse(&format!("fixed:{algorithm}:{base32}")).unwrap();
                prop_assert_eq!(hash.hex(), hex.clone());
                prop_assert_eq!(hash.to_string(), format!("fixed:{algorithm}:{base32}"));
                prop_assert_eq!(hash, ContentHash::parse(&format!("fixed:{algorithm}:{hex}")).unwrap());
            }
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = ContentHash::parse(&text);
            let _ = ContentHash::parse(&format!("fixed:sha256:{text}"));
        }
    }
}
