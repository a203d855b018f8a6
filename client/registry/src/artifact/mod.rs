//! Artifacts: small documents that are stored as an image manifest with blobs (OCI Image Manifest Specification 1.1,
//! "Guidelines for Artifact Usage"). The configuration is the empty descriptor.

mod known;
mod pack;
mod push;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use known::{BUNDLE_CONTENT, BUNDLE_PREDICATE, BUNDLE_TYPE, CREATED, CYCLONEDX_TYPE, SPDX_TYPE, TITLE};
pub use pack::Packed;

/// What an artifact is made of. The same parts make the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is: a media type.
    pub artifact_type: String,
    /// What is in it. One without a blob gets the empty one, since registries want one.
    pub blobs: Vec<Blob>,
    /// What the manifest says besides.
    pub annotations: BTreeMap<String, String>,
}

/// A document in an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// What it is: a media type.
    pub media_type: String,
    /// The document, byte for byte.
    pub bytes: Arc<[u8]>,
    /// What the manifest says of it.
    pub annotations: BTreeMap<String, String>,
}
