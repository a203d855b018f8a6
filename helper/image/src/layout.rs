//! An OCI image layout on disk (OCI Image Layout Specification 1.0): what this program writes and reads back.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use nix_seed_store::Sha256Hash;
use oci_spec::image::{
    Descriptor, DigestAlgorithm, ImageConfiguration, ImageIndex, ImageManifest, MediaType, OciLayout, SCHEMA_VERSION,
};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The most bytes that a JSON document of an image may have; registries allow 4 MiB.
pub(crate) const DOCUMENT_MAX: u64 = 4 << 20;

/// The version of the layout.
pub(crate) const LAYOUT_VERSION: &str = "1.0.0";

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
        let index = dir.join("index.json");
        if !index.exists() {
            return Err(Error::NoLayout { path: dir.into() });
        }
        let bytes = read(&index)?;
        let index: ImageIndex = parse("index.json", &bytes)?;
        let [descriptor] = &index.manifests()[..] else {
            return Err(Error::document(
                "index.json",
                format!("it lists {} images, a seed is one", index.manifests().len()),
            ));
        };
        let manifest: ImageManifest = parse("the manifest", &read_document(dir, descriptor)?)?;
        let config: ImageConfiguration = parse("the config", &read_document(dir, manifest.config())?)?;
        let layout: OciLayout = parse("oci-layout", &read(&dir.join("oci-layout"))?)?;
        if layout.image_layout_version() != LAYOUT_VERSION {
            return Err(Error::document("oci-layout", format!("its version is not {LAYOUT_VERSION}")));
        }
        check_types(&index, descriptor, &manifest, &config)?;
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
        open_blob(&self.dir, descriptor)
    }
}

/// The SHA-256 of a descriptor.
pub fn digest(descriptor: &Descriptor) -> Result<Sha256Hash> {
    if descriptor.digest().algorithm() != &DigestAlgorithm::Sha256 {
        return Err(Error::document(descriptor.digest().to_string(), "only sha256 digests are read"));
    }
    Ok(Sha256Hash::parse(descriptor.digest().as_ref())?)
}

/// What OCI's clients go by: no client may take the image for something else than we do.
fn check_types(
    index: &ImageIndex,
    descriptor: &Descriptor,
    manifest: &ImageManifest,
    config: &ImageConfiguration,
) -> Result<()> {
    let is = |found: Option<&MediaType>, expected: MediaType| found.is_none_or(|found| *found == expected);
    let (index_type, listed_type) = (index.media_type().as_ref(), Some(descriptor.media_type()));
    let (manifest_type, config_type) = (manifest.media_type().as_ref(), Some(manifest.config().media_type()));
    let platform = descriptor.platform().as_ref().map(|platform| (platform.os(), platform.architecture()));
    let is_platform = platform.is_none_or(|found| found == (config.os(), config.architecture()));
    let rules = [
        ("index.json", index.schema_version() == SCHEMA_VERSION, "its schemaVersion is not 2"),
        ("index.json", is(index_type, MediaType::ImageIndex), "its mediaType is not an image index's"),
        ("index.json", is(listed_type, MediaType::ImageManifest), "what it lists is no image manifest"),
        ("index.json", is_platform, "its platform is not the config's"),
        ("the manifest", manifest.schema_version() == SCHEMA_VERSION, "its schemaVersion is not 2"),
        ("the manifest", is(manifest_type, MediaType::ImageManifest), "its mediaType is not an image manifest's"),
        ("the manifest", is(config_type, MediaType::ImageConfig), "its config is no image config"),
    ];
    match rules.into_iter().find(|(_, holds, _)| !holds) {
        Some((what, _, why)) => Err(Error::document(what, why)),
        None => Ok(()),
    }
}

fn read_document(dir: &Path, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let (path, file) = open_blob(dir, descriptor)?;
    let bytes = read_file(&path, file)?;
    if Sha256::digest(&bytes)[..] != digest(descriptor)?.0 {
        return Err(other_content(descriptor));
    }
    Ok(bytes)
}

/// A blob of another length than its descriptor gives is refused before anything is read.
fn open_blob(dir: &Path, descriptor: &Descriptor) -> Result<(PathBuf, File)> {
    let path = blob_path(dir, &digest(descriptor)?);
    let file = match open(&path) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Err(Error::document(format!("blob {}", descriptor.digest()), "it is missing"));
        }
        file => file?,
    };
    if file.metadata().map_err(Error::io("reading", &path))?.len() != descriptor.size() {
        return Err(other_content(descriptor));
    }
    Ok((path, file))
}

pub(crate) fn other_content(descriptor: &Descriptor) -> Error {
    Error::mismatch(format!("blob {}", descriptor.digest()), "its content has another digest or length")
}

/// Opens a regular file. A layout may hold anything: a pipe would be waited for, and a device has no end.
fn open(path: &Path) -> Result<File> {
    if !path.metadata().map_err(Error::io("opening", path))?.is_file() {
        return Err(Error::document(path.display().to_string(), "it is not a regular file"));
    }
    File::open(path).map_err(Error::io("opening", path))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_file(path, open(path)?)
}

fn read_file(path: &Path, file: File) -> Result<Vec<u8>> {
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
