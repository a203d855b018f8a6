//! The two JSON documents of an image (OCI Image Format Specification 1.1), wherever they are from.

use nix_seed_store::Sha256Hash;
use oci_spec::image::{Descriptor, DigestAlgorithm, ImageConfiguration, ImageManifest, MediaType, SCHEMA_VERSION};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The most bytes that a JSON document of an image may have; registries allow 4 MiB.
pub const DOCUMENT_MAX: u64 = 4 << 20;

/// Manifest and configuration of one image, of which the digest vouches for every byte.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The image's digest: the SHA-256 of the manifest.
    pub digest: Sha256Hash,
    /// The manifest.
    pub manifest: ImageManifest,
    /// The image's configuration.
    pub config: ImageConfiguration,
}

impl Documents {
    /// The manifest that `digest` names, in its `bytes`.
    pub fn manifest(digest: &Sha256Hash, bytes: &[u8]) -> Result<ImageManifest> {
        check_digest(digest, bytes)?;
        let manifest: ImageManifest = parse("the manifest", bytes)?;
        let is = |found: Option<&MediaType>, expected| found.is_none_or(|found| *found == expected);
        check(&[
            ("the manifest", manifest.schema_version() == SCHEMA_VERSION, "its schemaVersion is not 2"),
            (
                "the manifest",
                is(manifest.media_type().as_ref(), MediaType::ImageManifest),
                "its mediaType is not an image manifest's",
            ),
            (
                "the manifest",
                *manifest.config().media_type() == MediaType::ImageConfig,
                "its config is no image config",
            ),
        ])?;
        Ok(manifest)
    }

    /// A manifest that [`manifest`](Self::manifest) has read, and the configuration that it names, in its bytes.
    pub fn new(digest: Sha256Hash, manifest: ImageManifest, config: &[u8]) -> Result<Self> {
        check_digest(&self::digest(manifest.config())?, config)?;
        let config: ImageConfiguration = parse("the config", config)?;
        if config.rootfs().diff_ids().len() != manifest.layers().len() {
            return Err(Error::document("the config", "it has not one diff_id per layer"));
        }
        Ok(Self { digest, manifest, config })
    }

    /// The metadata layer's descriptor: the last one.
    pub fn metadata_layer(&self) -> Result<&Descriptor> {
        let last =
            self.manifest.layers().last().ok_or_else(|| Error::document("the manifest", "it lists no layers"))?;
        match last.media_type() {
            MediaType::ImageLayerZstd => Ok(last),
            other => {
                Err(Error::document("the manifest", format!("its last layer is {:?}, not tar+zstd", other.to_string())))
            }
        }
    }
}

/// The SHA-256 of a descriptor.
pub fn digest(descriptor: &Descriptor) -> Result<Sha256Hash> {
    if descriptor.digest().algorithm() != &DigestAlgorithm::Sha256 {
        return Err(Error::document(descriptor.digest().to_string(), "only sha256 digests are read"));
    }
    Ok(Sha256Hash::parse(descriptor.digest().as_ref())?)
}

/// Refuses `bytes` that another digest names.
pub(crate) fn check_digest(digest: &Sha256Hash, bytes: &[u8]) -> Result<()> {
    if Sha256::digest(bytes)[..] != digest.0 {
        return Err(other_content(digest));
    }
    Ok(())
}

pub(crate) fn other_content(digest: &Sha256Hash) -> Error {
    Error::mismatch(format!("blob sha256:{}", digest.hex()), "its content has another digest or length")
}

/// The first of `rules` (document, whether it holds, what it means that it does not) that does not hold, as an error.
pub(crate) fn check(rules: &[(&str, bool, &str)]) -> Result<()> {
    match rules.iter().find(|(_, holds, _)| !holds) {
        Some((what, _, why)) => Err(Error::document(*what, why)),
        None => Ok(()),
    }
}

pub(crate) fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::document(what, error))
}
