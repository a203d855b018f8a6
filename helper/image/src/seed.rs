//! A seed without its layers: the documents, and what its metadata layer says of the rest.

use std::collections::BTreeMap;

use nix_seed_store::StorePath;
use oci_spec::image::MediaType;

use crate::documents::{Documents, digest};
use crate::image::{GROUP_ANNOTATION, METADATA_GROUP};
use crate::index::Index;
use crate::layout::Layout;
use crate::metadata::{Content, METADATA_MAX, Metadata};
use crate::{Error, Result};

/// A seed whose documents, index and database have been read, checked, and found to say the same.
///
/// The digest vouches for all of it, so what the index says of a layer's frames can be believed as the digest is.
#[derive(Debug)]
pub struct Seed {
    /// Manifest and configuration.
    pub documents: Documents,
    /// Which store path lies where.
    pub index: Index,
    /// The Nix database in which the index's paths are valid, and no others.
    pub database: Vec<u8>,
    /// The store paths that the garbage collector keeps.
    pub gc_roots: Vec<StorePath>,
    /// What lies outside of `/nix`, by path relative to the root, without the folders above it.
    pub root: BTreeMap<String, Content<'static>>,
}

impl Seed {
    /// The seed of `documents`, whose metadata layer is `metadata`. Its digest is checked.
    pub fn read(documents: Documents, metadata: &[u8]) -> Result<Self> {
        let Metadata { index, closure, database, is_database, gc_roots, root } = Metadata::read(&documents, metadata)?;
        check_documents(&documents, &index)?;
        closure.check_complete().map_err(|error| Error::index(error.to_string()))?;
        if !is_database.map_err(|error| Error::document("the metadata layer", error))? {
            return Err(Error::mismatch("the Nix database", "it does not say the same as the index"));
        }
        Ok(Self { documents, index, database, gc_roots, root })
    }

    /// The seed in a layout.
    pub fn open(layout: &Layout) -> Result<Self> {
        let metadata = Layout::blob(&layout.dir, layout.documents.metadata_layer()?, METADATA_MAX)?;
        Self::read(layout.documents.clone(), &metadata)
    }

    /// The image's digest: `sha256:` and hexadecimal digits.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.documents.digest.hex())
    }
}

/// Manifest, configuration and index speak of the same layers.
fn check_documents(documents: &Documents, index: &Index) -> Result<()> {
    let (descriptors, diff_ids) = (documents.manifest.layers(), documents.config.rootfs().diff_ids());
    if descriptors.len() != index.layers.len() + 1 {
        return Err(Error::mismatch("the manifest", "it has not the layers that the index describes"));
    }
    let groups = index.layers.iter().map(|layer| &*layer.group).chain([METADATA_GROUP]);
    for (descriptor, group) in descriptors.iter().zip(groups) {
        let named = descriptor.annotations().as_ref().and_then(|annotations| annotations.get(GROUP_ANNOTATION));
        // Some registries' clients drop annotations.
        if named.is_some_and(|named| named != group) {
            return Err(Error::mismatch(
                descriptor.digest(),
                "the manifest gives this layer another group than the index",
            ));
        }
    }
    for ((descriptor, diff_id), layer) in descriptors.iter().zip(diff_ids).zip(&index.layers) {
        if *descriptor.media_type() != MediaType::ImageLayerZstd {
            return Err(Error::document(descriptor.digest().to_string(), "the manifest does not call it tar+zstd"));
        }
        if digest(descriptor)? != layer.digest || descriptor.size() != layer.size {
            return Err(Error::mismatch(descriptor.digest(), "the index gives this layer another digest or length"));
        }
        if *diff_id != format!("sha256:{}", layer.diff_id.hex()) {
            return Err(Error::mismatch(
                descriptor.digest(),
                "the config gives this layer another diff_id than the index",
            ));
        }
    }
    Ok(())
}
