use nix_seed_registry::Reference;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A system's seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The commit that it was built from: 40 or 64 hexadecimal digits.
    pub commit: String,
    /// The image's digest: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Where it is: `REGISTRY/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Entry {
    /// An entry, of which every field has been checked.
    pub fn new(digest: &str, commit: &str, image: Option<&str>) -> Result<Self> {
        let entry = Self { commit: commit.into(), digest: digest.into(), image: image.map(Into::into) };
        entry.check()?;
        Ok(entry)
    }

    pub(crate) fn check(&self) -> Result<()> {
        let refuse =
            |field, value: &str, why| Err(Error::Field { field, value: value.chars().take(256).collect(), why });
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !self.digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_hex(hex)) {
            return refuse("digest", &self.digest, "a digest is \"sha256:\" and 64 digits 0-9, a-f");
        }
        if !matches!(self.commit.len(), 40 | 64) || !is_hex(&self.commit) {
            return refuse("commit", &self.commit, "a commit is 40 or 64 digits 0-9, a-f; see: git rev-parse HEAD");
        }
        let Some(image) = &self.image else { return Ok(()) };
        match image.parse::<Reference>() {
            Ok(reference) if reference.tag().is_some() || reference.digest().is_some() => {
                refuse("image", image, "leave out tag and digest: the entry has a digest of its own")
            }
            // One place has one name: no update changes only its spelling.
            Ok(reference) if reference.to_string() == *image => Ok(()),
            _ => refuse("image", image, "write REGISTRY/NAME in full, as in ghcr.io/owner/seed"),
        }
    }
}
