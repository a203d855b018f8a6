use std::fmt;
use std::sync::LazyLock;

use data_encoding::{BASE64, BitOrder, Encoding, HEXLOWER, Specification};

use crate::{Error, Result};

/// A SHA-256 hash in any of the notations that Nix writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Hash(pub [u8; 32]);

/// Nix's base 32: least significant bit first, and written backwards.
static NIX_BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdfghijklmnpqrsvwxyz");
    spec.bit_order = BitOrder::LeastSignificantFirst;
    spec.encoding().ok()
});

impl Sha256Hash {
    /// Reads `sha256-<base64>`, `sha256:<64 hexadecimal digits>` and `sha256:<52 characters of Nix base 32>`.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = if let Some(digest) = text.strip_prefix("sha256-") {
            BASE64.decode(digest.as_bytes()).ok()
        } else {
            text.strip_prefix("sha256:").and_then(|digest| match digest.len() {
                64 => HEXLOWER.decode(digest.as_bytes()).ok(),
                52 => from_nix_base32(digest.as_bytes()),
                _ => None,
            })
        };
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| refuse(text))
    }

    /// `sha256-<base64>`, as `flake.lock` and `nix path-info` write it (W3C Subresource Integrity).
    pub fn sri(&self) -> String {
        format!("sha256-{}", BASE64.encode(&self.0))
    }

    /// 52 characters of Nix base 32, as `nix-store --query --hash` and binary caches write it.
    pub fn nix_base32(&self) -> String {
        to_nix_base32(&self.0).unwrap_or_default()
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(digits: &str) -> Result<Self> {
        Self::parse(&format!("sha256:{digits}")).ok().filter(|_| digits.len() == 64).ok_or_else(|| refuse(digits))
    }

    /// 64 hexadecimal digits, as OCI digests and the Nix database write it.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

fn refuse(text: &str) -> Error {
    Error::Hash { hash: text.chars().take(128).collect() }
}

/// Bytes in Nix's base 32.
pub(crate) fn to_nix_base32(bytes: &[u8]) -> Option<String> {
    Some(NIX_BASE32.as_ref()?.encode(bytes).chars().rev().collect())
}

/// Reads them back.
pub(crate) fn from_nix_base32(digits: &[u8]) -> Option<Vec<u8>> {
    let backwards: Vec<u8> = digits.iter().rev().copied().collect();
    NIX_BASE32.as_ref()?.decode(&backwards).ok()
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sri())
    }
}

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sri())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The hash of the empty string as `nix hash convert` writes it.
    const SRI: &str = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BASE32: &str = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";

    #[test]
    fn all_notations_of_nix_mean_the_same() {
        let hash = Sha256Hash::parse(SRI).unwrap();
        assert_eq!(hash, Sha256Hash::parse(&format!("sha256:{HEX}")).unwrap());
        assert_eq!(hash, Sha256Hash::parse(&format!("sha256:{BASE32}")).unwrap());
        assert_eq!((hash.sri().as_str(), hash.hex().as_str()), (SRI, HEX));
        assert_eq!(hash, Sha256Hash::from_hex(HEX).unwrap());
        assert!(Sha256Hash::from_hex(BASE32).is_err());
    }

    #[test]
    fn base_32_is_written_as_nix_reads_it() {
        let hash = Sha256Hash::parse(SRI).unwrap();
        assert_eq!(hash.nix_base32(), BASE32);
    }

    #[test]
    fn what_is_not_a_hash_is_refused() {
        let last_bits_set = SRI.replace("FU=", "FV=");
        for bad in ["", "sha256-", "sha512-AAAA", "sha256:é", &SRI[..50], &HEX.to_uppercase(), &last_bits_set] {
            assert!(Sha256Hash::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(Sha256Hash::parse(&format!("sha256:{}", BASE32.replacen('0', "z", 1))).is_err());
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(bytes: [u8; 32]) {
            let hash = Sha256Hash(bytes);
            prop_assert_eq!(Sha256Hash::parse(&hash.sri()).unwrap(), hash);
            prop_assert_eq!(Sha256Hash::parse(&format!("sha256:{}", hash.hex())).unwrap(), hash);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Sha256Hash::parse(&text);
            let _ = Sha256Hash::parse(&format!("sha256:{text}"));
        }
    }
}
