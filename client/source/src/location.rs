use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use nix_seed_registry::Reference;

use crate::{Error, Result};

/// Where a seed lies, as a person writes it.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder with an OCI image layout: anything that exists as a folder, or begins with `.` or `/`, or `oci:`.
    Layout(PathBuf),
    /// An image in a registry.
    Registry(Reference),
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("oci:") {
            return Ok(Self::Layout(path.into()));
        }
        let reference = text.strip_prefix("docker://").unwrap_or(text);
        if text.starts_with(['.', '/']) || PathBuf::from(text).is_dir() {
            return Ok(Self::Layout(text.into()));
        }
        let reference = reference.parse::<Reference>();
        reference.map(Self::Registry).map_err(|why| Error::Location { text: text.into(), why: why.to_string() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(path) => path.display().fmt(f),
            Self::Registry(reference) => reference.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_file_is_one() {
        for (text, is_layout) in [
            ("./result", true),
            ("/nix/store/x", true),
            ("oci:result", true),
            ("src", true),
            ("ghcr.io/o/seed:main", false),
            ("docker://ghcr.io/o/seed:main", false),
            ("127.0.0.1:5000/seed", false),
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(matches!(location, Location::Layout(_)), is_layout, "{text}");
        }
        assert!("ghcr.io/O/Seed".parse::<Location>().is_err());
    }
}
