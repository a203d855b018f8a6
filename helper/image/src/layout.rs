//! An OCI image layout on disk (OCI Image Layout Specification 1.0): what this program writes and reads back.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix_seed_store::Sha256Hash;
use oci_spec::image::{Descriptor, DigestAlgorithm, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The most bytes that a JSON document of an image may have; registries allow 4 MiB.
const DOCUMENT_MAX: u64 = 4 << 20;

/// The blob's file below the layout `dir`.
pub fn blob_path(dir: &Path, digest: &Sha256Hash) -> PathBuf {
    dir.join("blobs/sha256").join(digest.hex())
}

/// The documents of the one image in a layout, each checked against the digest that the one before gives.
#[derive(Debug)]
pub struct Layout {
    /// The layout's folder.
    pub dir: PathBuf,
    /// The manifest's descriptor, as `index.json` gives it.
    pub manifest_descriptor: Descriptor,
    /// The manifest.
    pub manifest: ImageManifest,
    /// The image's configuration.
    pub config: ImageConfiguration,
}

impl Layout {
    /// Opens a layout that holds exactly one image.
    pub fn open(dir: &Path) -> Result<Self> {
        let bytes = read(&dir.join("index.json"))?;
        let index: ImageIndex = parse("index.json", &bytes)?;
        let [descriptor] = &index.manifests()[..] else {
            return Err(Error::document(
                "index.json",
                format!("it lists {} images, a seed is one", index.manifests().len()),
            ));
        };
        let manifest: ImageManifest = parse("the manifest", &read_document(dir, descriptor)?)?;
        let config: ImageConfiguration = parse("the config", &read_document(dir, manifest.config())?)?;
        if config.rootfs().diff_ids().len() != manifest.layers().len() {
            return Err(Error::document("the config", "it has not one diff_id per layer"));
        }
        Ok(Self { dir: dir.into(), manifest_descriptor: descriptor.clone(), manifest, config })
    }

    /// The image's digest: the manifest's.
    pub fn digest(&self) -> String {
        self.manifest_descriptor.digest().to_string()
    }

    /// The metadata layer's descriptor: the last one.
    pub fn metadata_layer(&self) -> Result<&Descriptor> {
        let last =
            self.manifest.layers().last().ok_or_else(|| Error::document("the manifest", "it lists no layers"))?;
        match last.media_type() {
            MediaType::ImageLayerZstd => Ok(last),
            other => Err(Error::document("the manifest", format!("its last layer is {other}, not tar+zstd"))),
        }
    }

    /// Opens the blob of a layer.
    pub fn open_blob(&self, descriptor: &Descriptor) -> Result<(PathBuf, File)> {
        let path = blob_path(&self.dir, &digest(descriptor)?);
        let file = File::open(&path).map_err(Error::io("opening", &path))?;
        Ok((path, file))
    }
}

/// The SHA-256 of a descriptor.
pub fn digest(descriptor: &Descriptor) -> Result<Sha256Hash> {
    if descriptor.digest().algorithm() != &DigestAlgorithm::Sha256 {
        return Err(Error::document(descriptor.digest().to_string(), "only sha256 digests are read"));
    }
    Ok(Sha256Hash::parse(descriptor.digest().as_ref())?)
}

fn read_document(dir: &Path, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let digest = digest(descriptor)?;
    let bytes = read(&blob_path(dir, &digest))?;
    if Sha256::digest(&bytes)[..] != digest.0 || bytes.len() as u64 != descriptor.size() {
        return Err(Error::mismatch(
            format!("blob sha256:{}", digest.hex()),
            "its content has another digest or length",
        ));
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::io("opening", path))?;
    let mut bytes = Vec::new();
    file.take(DOCUMENT_MAX + 1).read_to_end(&mut bytes).map_err(Error::io("reading", path))?;
    if bytes.len() as u64 > DOCUMENT_MAX {
        return Err(Error::document(path.display().to_string(), "it is longer than 4 MiB"));
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::document(what, error))
}
