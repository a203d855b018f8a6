//! What artifacts are called so that others find them: doc/referrers.md has the sources.

use std::sync::Arc;

use crate::artifact::{Artifact, Blob};

/// The artifact type and media type of a Sigstore bundle, version 0.3, as JSON.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The artifact type and media type of a CycloneDX document, as JSON.
pub const CYCLONEDX_TYPE: &str = "application/vnd.cyclonedx+json";

/// The artifact type and media type of an SPDX document, as JSON.
pub const SPDX_TYPE: &str = "application/spdx+json";

/// An annotation of a bundle's manifest: what the bundle holds. Of a statement: `dsse-envelope`.
pub const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";

/// An annotation of a bundle's manifest: the predicate type of the statement in it.
pub const BUNDLE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// An annotation of a manifest: when it was made (RFC 3339). Left out by [`Artifact::bundle`] and [`Artifact::document`]: the same
/// document is to be the same artifact.
pub const CREATED: &str = "org.opencontainers.image.created";

/// An annotation of a blob: the file's name that `oras pull` gives it.
pub const TITLE: &str = "org.opencontainers.image.title";

impl Artifact {
    /// A Sigstore bundle of an in-toto statement with that predicate type, as cosign and GitHub's `attest` attach theirs.
    pub fn bundle(bytes: impl Into<Arc<[u8]>>, predicate_type: &str) -> Self {
        let annotations = [(BUNDLE_CONTENT, "dsse-envelope"), (BUNDLE_PREDICATE, predicate_type)];
        Self {
            artifact_type: BUNDLE_TYPE.into(),
            blobs: vec![Blob { media_type: BUNDLE_TYPE.into(), bytes: bytes.into(), annotations: [].into() }],
            annotations: annotations.map(|(name, value)| (name.into(), value.into())).into(),
        }
    }

    /// One document, such as an SBOM, under a media type that says what it is; with the name of a file for those who fetch it.
    pub fn document(media_type: &str, file: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        let annotations = [(TITLE.into(), file.into())].into();
        Self {
            artifact_type: media_type.into(),
            blobs: vec![Blob { media_type: media_type.into(), bytes: bytes.into(), annotations }],
            annotations: [].into(),
        }
    }
}
