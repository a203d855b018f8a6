//! An OCI image layout on disk (OCI Image Layout Specification 1.0): what this program writes and reads back.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use nix_seed_store::Sha256Hash;
use oci_spec::image::{Descriptor, ImageIndex, MediaType, OciLayout, SCHEMA_VERSION};

use crate::documents::{DOCUMENT_MAX, Documents, check, check_digest, digest, other_content, parse};
use crate::{Error, Result};

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
    /// Manifest and configuration.
    pub documents: Documents,
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
        let image = digest(descriptor)?;
        let manifest = Documents::manifest(&image, &read_document(dir, descriptor)?)?;
        let config = read_document(dir, manifest.config())?;
        let documents = Documents::new(image, manifest, &config)?;
        let layout: OciLayout = parse("oci-layout", &read(&dir.join("oci-layout"))?)?;
        if layout.image_layout_version() != LAYOUT_VERSION {
            return Err(Error::document("oci-layout", format!("its version is not {LAYOUT_VERSION}")));
        }
        check_types(&index, descriptor, &documents)?;
        Ok(Self { dir: dir.into(), manifest_descriptor: descriptor.clone(), documents })
    }

    /// The image's digest: the manifest's.
    pub fn digest(&self) -> String {
        self.manifest_descriptor.digest().to_string()
    }

    /// Opens the blob of a layer.
    pub fn open_blob(&self, descriptor: &Descriptor) -> Result<(PathBuf, File)> {
        open_blob(&self.dir, descriptor)
    }

    /// Reads a blob of at most `max` bytes of the layout in `dir`; its digest is checked.
    pub fn blob(dir: &Path, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        let (path, file) = open_blob(dir, descriptor)?;
        let mut blob = Vec::new();
        file.take(max).read_to_end(&mut blob).map_err(Error::io("reading", &path))?;
        check_digest(&digest(descriptor)?, &blob)?;
        Ok(blob)
    }
}

/// What OCI's clients go by: no client may take the image for something else than we do.
fn check_types(index: &ImageIndex, descriptor: &Descriptor, documents: &Documents) -> Result<()> {
    let is_index = index.media_type().as_ref().is_none_or(|found| *found == MediaType::ImageIndex);
    let platform = descriptor.platform().as_ref().map(|platform| (platform.os(), platform.architecture()));
    let config = &documents.config;
    let is_platform = platform.is_none_or(|found| found == (config.os(), config.architecture()));
    let is_manifest = *descriptor.media_type() == MediaType::ImageManifest;
    check(&[
        ("index.json", index.schema_version() == SCHEMA_VERSION, "its schemaVersion is not 2"),
        ("index.json", is_index, "its mediaType is not an image index's"),
        ("index.json", is_manifest, "what it lists is no image manifest"),
        ("index.json", is_platform, "its platform is not the config's"),
    ])
}

fn read_document(dir: &Path, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let (path, file) = open_blob(dir, descriptor)?;
    read_file(&path, file)
}

/// A blob of another length than its descriptor gives is refused before anything is read.
fn open_blob(dir: &Path, descriptor: &Descriptor) -> Result<(PathBuf, File)> {
    let digest = digest(descriptor)?;
    let path = blob_path(dir, &digest);
    let file = match open(&path) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Err(Error::document(format!("blob {}", descriptor.digest()), "it is missing"));
        }
        file => file?,
    };
    if file.metadata().map_err(Error::io("reading", &path))?.len() != descriptor.size() {
        return Err(other_content(&digest));
    }
    Ok((path, file))
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
