use std::fs;
use std::path::{Path, PathBuf};

use nix_seed_registry::Digest;
use nix_seed_statement::json::Limits;
use nix_seed_trust::Bundle;
use serde::{Deserialize, Serialize};

/// Bundles that were enough once, by the digest that they are attached to: what is here already needs no registry to be
/// verified again. Nothing of them is believed: they are decided on each time, as if they had just come.
#[derive(Debug, Clone)]
pub struct Kept {
    folder: PathBuf,
}

/// A bundle, as it is kept. One that is no text is no bundle.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    at: String,
    text: String,
}

impl Kept {
    /// Those in a folder, which is made when it is needed.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What is kept of a digest. What cannot be read is not there.
    pub fn get(&self, digest: &Digest) -> Vec<Bundle> {
        let path = self.path(digest);
        let is_small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= max());
        let bytes = if is_small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        let entries: Vec<Entry> = serde_json::from_slice(&bytes).unwrap_or_default();
        entries.into_iter().map(|Entry { at, text }| Bundle { at, bytes: text.into_bytes() }).collect()
    }

    /// Keeps what was enough, in the place of what was. Nobody waits for it, so an error is a warning.
    pub fn put(&self, digest: &Digest, bundles: &[Bundle]) {
        let text = |bundle: &Bundle| {
            let text = String::from_utf8(bundle.bytes.clone()).ok()?;
            Some(Entry { at: bundle.at.clone(), text })
        };
        let entries: Vec<_> = bundles.iter().filter_map(text).collect();
        let path = self.path(digest);
        if let Err(error) = self.write(&path, &entries) {
            tracing::warn!("statements are not kept in {}: {error}", path.display());
        }
    }

    fn write(&self, path: &Path, entries: &[Entry]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let aside = path.with_extension(format!("{}.partial", std::process::id()));
        let written = fs::write(&aside, serde_json::to_vec(entries)?).and_then(|()| fs::rename(&aside, path));
        written.inspect_err(|_| drop(fs::remove_file(&aside)))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.json", digest.digest()))
    }
}

/// More than all that a release has, of many builders.
fn max() -> u64 {
    64 * Limits::BUNDLE.bytes as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_there_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::at(folder.path().join("statements"));
        let digest: Digest = format!("sha256:{}", "0a".repeat(32)).parse().unwrap();
        assert!(kept.get(&digest).is_empty());
        let bundle = |bytes: &[u8]| Bundle { at: "a bundle".into(), bytes: bytes.into() };
        kept.put(&digest, &[bundle(b"{}"), bundle(b"\xff")]);
        let found = kept.get(&digest);
        assert_eq!(found.iter().map(|bundle| &bundle.bytes[..]).collect::<Vec<_>>(), [b"{}"]);
        let other: Digest = format!("sha256:{}", "0b".repeat(32)).parse().unwrap();
        assert!(kept.get(&other).is_empty());
        fs::write(kept.path(&digest), "[").unwrap();
        assert!(kept.get(&digest).is_empty());
    }
}
