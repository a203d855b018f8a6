//! A repository, and what is kept of it.

use nix_seed_image::documents::DOCUMENT_MAX;
use nix_seed_registry::{Manifest, MediaType, Repository};
use nix_seed_store::Sha256Hash;
use oci_spec::image::{Descriptor, Digest};
use sha2::{Digest as _, Sha256};

use crate::{Keep, Result};

/// Where documents come from: what is kept, or else the registry.
pub(crate) struct Remote<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) want: Want,
    pub(crate) keep: Option<&'a dyn Keep>,
}

/// What is to be known of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// What it is.
    Documents,
    /// All that its metadata say.
    Seed,
}

impl Remote<'_> {
    pub(crate) fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        let hash = hash(digest)?;
        if let Some(bytes) = self.kept(&hash, DOCUMENT_MAX)
            && let Some(media_type) = media_type(&bytes)
        {
            return Ok(Manifest { media_type, bytes });
        }
        let manifest = self.repository.manifest(digest)?;
        // One that does not say what it is, has to be asked for again.
        if media_type(&manifest.bytes).is_some_and(|named| named == manifest.media_type) {
            self.keep(&hash, &manifest.bytes);
        }
        Ok(manifest)
    }

    pub(crate) fn blob(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        let hash = hash(descriptor.digest())?;
        if let Some(bytes) = self.kept(&hash, max) {
            return Ok(bytes);
        }
        let bytes = self.repository.blob(descriptor.digest(), descriptor.size(), max)?;
        self.keep(&hash, &bytes);
        Ok(bytes)
    }

    fn kept(&self, hash: &Sha256Hash, max: u64) -> Option<Vec<u8>> {
        let bytes = self.keep?.get(hash, max)?;
        (Sha256::digest(&bytes)[..] == hash.0).then_some(bytes)
    }

    fn keep(&self, hash: &Sha256Hash, bytes: &[u8]) {
        if let Some(keep) = self.keep {
            keep.put(hash, bytes);
        }
    }
}

/// The SHA-256 that a digest names.
pub(crate) fn hash(digest: &Digest) -> Result<Sha256Hash> {
    Ok(Sha256Hash::parse(digest.as_ref()).map_err(nix_seed_image::Error::from)?)
}

/// What a manifest says that it is.
fn media_type(bytes: &[u8]) -> Option<MediaType> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        media_type: String,
    }
    Some(MediaType::from(&*serde_json::from_slice::<Named>(bytes).ok()?.media_type))
}
