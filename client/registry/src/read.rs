//! Reading: tags, manifests, whole blobs.

use std::io::Read;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, MediaType};
use ureq::http::Method;
use ureq::http::header::{ACCEPT, CONTENT_TYPE};

use crate::http::{Request, Response, protocol};
use crate::reference::{is_tag, sha256};
use crate::{Error, Repository, Result, Subject, digest};

/// The most bytes that a manifest, an index or a list may have (OCI Distribution Specification 1.1, "Pushing Manifests").
pub const DOCUMENT_MAX: u64 = 4 << 20;

/// What manifests may be: OCI's and docker's, of one image and of several. All are asked for even where one is wanted: a
/// registry may say of others that they are not there (docker's registry 2.8).
pub(crate) const MANIFEST_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// The header that names a manifest's or blob's digest.
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// The most characters of a media type.
const MEDIA_TYPE_MAX: usize = 255;

/// A manifest or an index, as the registry has it: its bytes have the digest that it was asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What the registry says that it is.
    pub media_type: MediaType,
    /// The document, byte for byte.
    pub bytes: Vec<u8>,
}

impl Repository {
    /// What a tag stands for now. Only the digest in it is to be used: nothing of it is verified yet.
    pub fn resolve(&self, tag: &str) -> Result<Descriptor> {
        let at = self.at(format!("tag {tag}"));
        self.check_tag(&at, tag)?;
        let url = self.url(&at, &format!("manifests/{tag}"))?;
        let request = Request::new(Method::HEAD, url).header(ACCEPT, MANIFEST_TYPES);
        let scopes = self.scope("pull");
        match self.send(&at, &request, &scopes) {
            Ok(head) => {
                let named = named_digest(&head).filter(|digest| sha256(digest).is_ok());
                if let (Some(digest), Some(size)) = (named, head.length().filter(|size| *size > 0)) {
                    return Ok(Descriptor::new(media_type(&at, &head)?, size, digest));
                }
            }
            Err(Error::Unsupported { .. }) => {}
            Err(error) => return Err(error),
        }
        let (digest, manifest) = self.tagged(tag)?;
        Ok(Descriptor::new(manifest.media_type, manifest.bytes.len() as u64, digest))
    }

    /// The manifest or index that a tag stands for now, and its digest.
    pub fn tagged(&self, tag: &str) -> Result<(Digest, Manifest)> {
        let at = self.at(format!("tag {tag}"));
        let (response, bytes) = self.tag_document(&at, tag)?;
        Ok((digest::of(&at, &bytes)?, Manifest { media_type: media_type(&at, &response)?, bytes }))
    }

    /// What stands at a tag, and what is said of it.
    pub(crate) fn tag_document(&self, at: &Arc<Subject>, tag: &str) -> Result<(Response, Vec<u8>)> {
        self.check_tag(at, tag)?;
        let request = Request::new(Method::GET, self.url(at, &format!("manifests/{tag}"))?);
        self.document(at, &request.header(ACCEPT, MANIFEST_TYPES), &self.scope("pull"), DOCUMENT_MAX)
    }

    /// The manifest or index of a digest, verified; at most [`DOCUMENT_MAX`] bytes.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        sha256(digest)?;
        let at = self.at(format!("manifest {digest}"));
        let request = Request::new(Method::GET, self.url(&at, &format!("manifests/{digest}"))?);
        let request = request.header(ACCEPT, MANIFEST_TYPES);
        let (response, bytes) = self.document(&at, &request, &self.scope("pull"), DOCUMENT_MAX)?;
        digest::check(&at, digest, &bytes)?;
        Ok(Manifest { media_type: media_type(&at, &response)?, bytes })
    }

    /// A whole blob of `size` bytes, verified. It is held in memory, so that one of more than `max` bytes is refused.
    pub fn blob(&self, digest: &Digest, size: u64, max: u64) -> Result<Vec<u8>> {
        let at = self.at(format!("blob {digest}"));
        if size > max {
            let why = format!("the manifest gives it {size} bytes; what it is for has at most {max}");
            return Err(Error::Argument { at, why });
        }
        let mut bytes = Vec::new();
        if size > 0 {
            let all = std::iter::once(0..size).collect();
            let mut reader = self.ranges(digest, size, all)?;
            if let Err(error) = reader.read_to_end(&mut bytes) {
                return Err(reader.error(error));
            }
        }
        digest::check(&at, digest, &bytes)?;
        Ok(bytes)
    }

    /// A whole blob of which nobody has said the size, verified. One of more than `max` bytes is refused once so many are read.
    pub fn small_blob(&self, digest: &Digest, max: u64) -> Result<Vec<u8>> {
        sha256(digest)?;
        let at = self.at(format!("blob {digest}"));
        let request = Request::new(Method::GET, self.url(&at, &format!("blobs/{digest}"))?);
        let (_, bytes) = self.document(&at, &request, &self.scope("pull"), max)?;
        digest::check(&at, digest, &bytes)?;
        Ok(bytes)
    }

    /// Whether the registry has a manifest or index.
    pub fn has_manifest(&self, digest: &Digest) -> Result<bool> {
        sha256(digest)?;
        let at = self.at(format!("manifest {digest}"));
        let request = Request::new(Method::HEAD, self.url(&at, &format!("manifests/{digest}"))?);
        match self.send(&at, &request.header(ACCEPT, MANIFEST_TYPES), &self.scope("pull")) {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The length in bytes of a blob that the registry has. A registry that names no length counts as one without it.
    pub fn has_blob(&self, digest: &Digest) -> Result<Option<u64>> {
        sha256(digest)?;
        let at = self.at(format!("blob {digest}"));
        let request = Request::new(Method::HEAD, self.url(&at, &format!("blobs/{digest}"))?);
        match self.send(&at, &request, &self.scope("pull")) {
            Ok(head) => Ok(head.length()),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn check_tag(&self, at: &Arc<Subject>, tag: &str) -> Result<()> {
        if is_tag(tag) {
            return Ok(());
        }
        Err(Error::Argument { at: at.clone(), why: "that is no tag: see the rules for references".into() })
    }
}

/// The digest in an answer's headers; one that is none counts as missing.
pub(crate) fn named_digest(response: &Response) -> Option<Digest> {
    Digest::try_from(response.header(CONTENT_DIGEST)?.trim()).ok()
}

/// The type in an answer's headers, without parameters.
pub(crate) fn media_type(at: &Arc<Subject>, response: &Response) -> Result<MediaType> {
    let text = response.header(CONTENT_TYPE).and_then(|text| text.split(';').next()).map(str::trim);
    let is_fine = |text: &&str| !text.is_empty() && text.len() <= MEDIA_TYPE_MAX;
    text.filter(is_fine)
        .map(MediaType::from)
        .ok_or_else(|| protocol(at, &at.registry, "a manifest without a Content-Type"))
}
