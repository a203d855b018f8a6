//! What a push asks of a repository besides its blobs.

use nix_seed_image::documents::{DOCUMENT_MAX, Documents};
use nix_seed_registry::{Digest, Error as RegistryError, Manifest, MediaType, Repository};
use nix_seed_source::Platform;
use nix_seed_store::Sha256Hash;

use crate::push::index::Entry;
use crate::push::join::Tags;
use crate::push::name;
use crate::{Error, Result};

/// What a tag stands for; none where there is no such tag.
pub(crate) fn resolved(repository: &Repository, tag: &str) -> Result<Option<Digest>> {
    match repository.resolve(tag) {
        Ok(found) => Ok(Some(found.digest().clone())),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stores a manifest under its digest, unless it is there, and reads it back.
pub(crate) fn put_manifest(repository: &Repository, digest: &Digest, manifest: &Manifest) -> Result<()> {
    match repository.manifest(digest) {
        Ok(_) => return Ok(()),
        Err(RegistryError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    repository.put_manifest(digest.as_ref(), &manifest.media_type, &manifest.bytes)?;
    // Its bytes have the digest, or this fails; the type is not in them.
    let found = repository.manifest(digest)?;
    if found.media_type != manifest.media_type {
        let why = format!("is called {:?}", found.media_type.to_string());
        return Err(Error::ReadBack { repository: name(repository), what: format!("manifest {digest}"), why });
    }
    Ok(())
}

/// A repository in which images are joined.
pub(crate) struct Remote<'a>(pub(crate) &'a Repository);

impl Tags for Remote<'_> {
    fn name(&self) -> String {
        name(self.0)
    }

    fn digest(&self, tag: &str) -> Result<Option<Digest>> {
        resolved(self.0, tag)
    }

    fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        Ok(self.0.manifest(digest)?)
    }

    fn entry(&self, digest: &Digest, manifest: &Manifest) -> Result<Option<Entry>> {
        let hash = Sha256Hash::parse(digest.as_ref()).map_err(nix_seed_image::Error::from)?;
        let size = manifest.bytes.len() as u64;
        let Ok(manifest) = Documents::manifest(&hash, &manifest.bytes) else { return Ok(None) };
        let config = self.0.blob(manifest.config().digest(), manifest.config().size(), DOCUMENT_MAX)?;
        let Ok(documents) = Documents::new(hash, manifest, &config) else { return Ok(None) };
        let (os, architecture) = (documents.config.os().to_string(), documents.config.architecture().to_string());
        Ok(Some(Entry { platform: Platform { os, architecture }, digest: digest.to_string(), size }))
    }

    fn put(&self, tag: &str, media_type: &MediaType, bytes: &[u8]) -> Result<Digest> {
        Ok(self.0.put_manifest(tag, media_type, bytes)?)
    }
}
