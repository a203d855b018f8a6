use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::hash::to_nix_base32;
use crate::{Error, Result, Sha256Hash};

/// The store directory. Hashes of store paths contain it, so a seed is for one store directory only.
pub const STORE_DIR: &str = "/nix/store";

/// Longest name that Nix gives a store path (Nix manual, "Store Path"; `StorePath::MaxPathLen`).
const NAME_MAX: usize = 211;
const HASH_LEN: usize = 32;
/// Bytes of a store path's hash, which [`HASH_LEN`] characters stand for.
const DIGEST_LEN: usize = 20;
const HASH_ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// A store path: `/nix/store/<32 characters of Nix base 32>-<name>`.
///
/// Held as its last component, which is checked when it is made: it is a plain ASCII file name, so joining it to a
/// folder never leaves that folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(Box<str>);

impl StorePath {
    /// From an absolute path such as `/nix/store/…-hello-2.12`; a path below a store path is refused.
    pub fn parse(path: &str) -> Result<Self> {
        let base = path
            .strip_prefix(STORE_DIR)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| refuse(path, "it is outside the store"))?;
        Self::from_base_name(base)
    }

    /// From the last component alone, `…-hello-2.12`.
    pub fn from_base_name(base: &str) -> Result<Self> {
        let (hash, rest) = base.as_bytes().split_at_checked(HASH_LEN).ok_or_else(|| refuse(base, "it is too short"))?;
        if !hash.iter().all(|c| HASH_ALPHABET.contains(c)) {
            return Err(refuse(base, "its hash part holds a character that is not Nix base 32"));
        }
        let Some((b'-', name)) = rest.split_first() else {
            return Err(refuse(base, "no '-' follows its hash part"));
        };
        if name.is_empty() || name.len() > NAME_MAX {
            return Err(refuse(base, "its name is empty or longer than 211 characters"));
        }
        if !name.iter().all(|c| c.is_ascii_alphanumeric() || b"+-._?=".contains(c)) {
            return Err(refuse(base, "its name holds a character that Nix does not allow"));
        }
        Ok(Self(base.into()))
    }

    /// The path of a source tree that refers to nothing: what Nix fetches for an input whose `narHash` is locked, which
    /// has the name `source` (Nix manual, "Store Path": type `source`, for a NAR's SHA-256).
    pub fn of_source(name: &str, nar_hash: &Sha256Hash) -> Result<Self> {
        let fingerprint = Sha256::digest(format!("source:sha256:{}:{STORE_DIR}:{name}", nar_hash.hex()));
        // As long as it has to be, every byte of the fingerprint counts.
        let mut digest = [0; DIGEST_LEN];
        for (at, byte) in fingerprint.iter().enumerate() {
            digest[at % DIGEST_LEN] ^= byte;
        }
        let hash = to_nix_base32(&digest).unwrap_or_default();
        Self::from_base_name(&format!("{hash}-{name}"))
    }

    /// The last component: `<hash>-<name>`.
    pub fn base_name(&self) -> &str {
        &self.0
    }

    /// The part after the hash: `hello-2.12`.
    pub fn name(&self) -> &str {
        &self.0[HASH_LEN + 1..]
    }

    /// The name up to its version ([`parse_drv_name`]).
    pub fn package(&self) -> &str {
        parse_drv_name(self.name()).0
    }

    /// Where the path lies when the file system's root is `root`: `<root>/nix/store/<base name>`.
    pub fn below(&self, root: &Path) -> PathBuf {
        root.join(&STORE_DIR[1..]).join(self.base_name())
    }
}

/// A package's name and its version, as Nix's `parseDrvName` tells them apart: at the first `-` that no letter follows.
pub fn parse_drv_name(name: &str) -> (&str, Option<&str>) {
    match name.as_bytes().windows(2).position(|pair| pair[0] == b'-' && !pair[1].is_ascii_alphabetic()) {
        Some(end) => (&name[..end], Some(&name[end + 1..])),
        None => (name, None),
    }
}

fn refuse(path: &str, why: &'static str) -> Error {
    // What is refused may be anything: an error shows its beginning.
    Error::StorePath { path: path.chars().take(256).collect(), why }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE_DIR}/{}", self.0)
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0c6sj0ar3q8dvxl3zrk1mgh5g6hcb1sp";

    #[test]
    fn a_store_path_splits_into_its_parts() {
        let path = StorePath::parse(&format!("/nix/store/{HASH}-gcc-wrapper-13.2.0-lib")).unwrap();
        assert_eq!(path.name(), "gcc-wrapper-13.2.0-lib");
        assert_eq!(path.package(), "gcc-wrapper");
        assert_eq!(path.below(Path::new("/root")), Path::new("/root/nix/store").join(path.base_name()));
    }

    #[test]
    fn a_name_is_cut_where_nix_cuts_it() {
        // As `builtins.parseDrvName` does.
        for (name, package, version) in [
            ("nix-0.12pre12876", "nix", Some("0.12pre12876")),
            ("gcc-wrapper-13.2.0-lib", "gcc-wrapper", Some("13.2.0-lib")),
            ("font-util-X11R7", "font-util-X11R7", None),
            ("a--b", "a", Some("-b")),
            ("a-", "a-", None),
            ("a-é", "a", Some("é")),
            ("", "", None),
        ] {
            assert_eq!(parse_drv_name(name), (package, version), "{name}");
        }
    }

    #[test]
    fn a_name_without_version_is_its_own_package() {
        let path = StorePath::from_base_name(&format!("{HASH}-source")).unwrap();
        assert_eq!(path.package(), "source");
    }

    #[test]
    fn a_source_has_the_path_that_nix_gives_it() {
        // As `nix path-info --json` shows them, and `builtins.path` with another name.
        for (nar_hash, path) in [
            (
                "sha256-3Cyqk6UUEr99C4V9Vl45a3nD8RRPhXMiTSljVsDnJ1g=",
                "/nix/store/0124x68yh4bmvxly9psg7x8r2i3xscdp-source",
            ),
            (
                "sha256-wcSx4OZub79YY4wyHK3uoCpjG+Zk1AB4W1Pw1cI+FkA=",
                "/nix/store/07mdzpgqbhscbj4gpz51dwrc61b5i82d-source",
            ),
            (
                "sha256-/IsRoK112+l+3i3Nwt4raubdwjGUeweYWpv9GxF3iuY=",
                "/nix/store/0bjszda2z9mdhf85f8911fylpyk4i2nr-source",
            ),
        ] {
            let nar_hash = Sha256Hash::parse(nar_hash).unwrap();
            assert_eq!(StorePath::of_source("source", &nar_hash).unwrap().to_string(), path);
            assert!(StorePath::of_source("a name", &nar_hash).is_err());
        }
    }

    #[test]
    fn what_is_not_a_store_path_is_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "/nix/store/",
            "/nix/store/../../etc/passwd",
            &format!("/nix/store/{HASH}"),
            &format!("/nix/store/{HASH}-"),
            &format!("/nix/store/{HASH}-a/b"),
            &format!("/nix/store/{HASH}-a\nb"),
            &format!("/nix/store/{}-hello", HASH.replace('0', "e")),
            &format!("/nix/store/{HASH}-{}", "a".repeat(212)),
            "/nix/store/éééééééééééééééé-hello",
        ] {
            assert!(StorePath::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
