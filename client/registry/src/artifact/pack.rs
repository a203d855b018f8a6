use std::collections::BTreeMap;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Serialize;

use crate::artifact::{Artifact, Blob};
use crate::reference::sha256;
use crate::{Error, Result, digest};

/// The content of the empty descriptor (OCI Image Manifest Specification 1.1, "Guidance for an Empty Descriptor").
const EMPTY: &[u8] = b"{}";

/// The most characters of a type's and of a subtype's name (RFC 6838, 4.2).
const NAME_MAX: usize = 127;

/// An artifact as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The manifest: its media type, digest and length, the artifact type and the annotations.
    pub descriptor: Descriptor,
    /// The manifest, byte for byte.
    pub bytes: Vec<u8>,
    /// All blobs, the configuration first, each once.
    pub(crate) blobs: Vec<(Digest, Arc<[u8]>)>,
}

/// The manifest. Fields are written in this order, annotations by name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    config: Part<'a>,
    layers: Vec<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    media_type: &'a str,
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

impl Artifact {
    /// The manifest that this artifact has as a referrer of `subject`, or by itself, and what it needs. Nothing is written.
    pub fn pack(&self, subject: Option<&Descriptor>) -> Result<Packed> {
        check_type("artifact type", &self.artifact_type)?;
        let (media_type, empty) = (MediaType::ImageManifest.to_string(), MediaType::EmptyJSON.to_string());
        let mut blobs: Vec<(Digest, Arc<[u8]>)> = vec![(digest_of(EMPTY)?, EMPTY.into())];
        let config =
            || Ok(Part { media_type: &empty, digest: digest_of(EMPTY)?, size: EMPTY.len() as u64, annotations: None });
        let mut layers = Vec::new();
        for Blob { media_type, bytes, annotations } in &self.blobs {
            check_type("media type", media_type)?;
            let digest = digest_of(bytes)?;
            if blobs.iter().all(|(known, _)| *known != digest) {
                blobs.push((digest.clone(), Arc::clone(bytes)));
            }
            layers.push(Part { media_type, digest, size: bytes.len() as u64, annotations: unless_empty(annotations) });
        }
        if layers.is_empty() {
            layers.push(config()?);
        }
        if let Some(subject) = subject {
            sha256(subject.digest())?;
        }
        let document = Document {
            schema_version: 2,
            media_type: &media_type,
            artifact_type: &self.artifact_type,
            config: config()?,
            layers,
            subject: subject.map(|subject| Part {
                media_type: subject.media_type().as_ref(),
                digest: subject.digest().clone(),
                size: subject.size(),
                annotations: None,
            }),
            annotations: unless_empty(&self.annotations),
        };
        let bytes = serde_json::to_vec(&document)
            .map_err(|error| refuse("artifact", &self.artifact_type, error.to_string()))?;
        let mut descriptor = Descriptor::new(MediaType::ImageManifest, bytes.len() as u64, digest_of(&bytes)?);
        descriptor.set_artifact_type(Some(self.artifact_type.as_str().into()));
        let annotations = unless_empty(&self.annotations).map(|annotations| annotations.clone().into_iter().collect());
        descriptor.set_annotations(annotations);
        Ok(Packed { descriptor, bytes, blobs })
    }
}

fn unless_empty(annotations: &BTreeMap<String, String>) -> Option<&BTreeMap<String, String>> {
    Some(annotations).filter(|annotations| !annotations.is_empty())
}

fn digest_of(bytes: &[u8]) -> Result<Digest> {
    digest::hash(bytes).ok_or_else(|| refuse("artifact", "", "no digest can be made"))
}

fn refuse(part: &'static str, text: &str, why: impl Into<String>) -> Error {
    Error::Artifact { part, text: text.into(), why: why.into() }
}

/// RFC 6838, 4.2: two names with a slash between them, and no parameters.
fn check_type(part: &'static str, text: &str) -> Result<()> {
    let is_name = |name: &str| {
        name.len() <= NAME_MAX
            && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match text.split_once('/') {
        Some((kind, name)) if is_name(kind) && is_name(name) => Ok(()),
        _ => Err(refuse(part, text, "write TYPE/SUBTYPE without parameters, as in application/vnd.example+json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Descriptor {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let mut subject = Descriptor::new(MediaType::ImageIndex, 9, digest);
        // What else is known of it has no place in what refers to it.
        subject.set_artifact_type(Some("a/x".into()));
        subject
    }

    const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    const EMPTY_DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_bundle_is_packed_as_cosign_packs_it() {
        let packed = Artifact::bundle(*b"hello", "https://example.org/v1").pack(Some(&subject())).unwrap();
        let expected = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
             \"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\
             \"config\":{{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"{EMPTY_DIGEST}\",\"size\":2}},\
             \"layers\":[{{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"digest\":\"{HELLO}\",\"size\":5}}],\
             \"subject\":{{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"{}\",\"size\":9}},\
             \"annotations\":{{\"dev.sigstore.bundle.content\":\"dsse-envelope\",\
             \"dev.sigstore.bundle.predicateType\":\"https://example.org/v1\"}}}}",
            subject().digest()
        );
        assert_eq!(String::from_utf8(packed.bytes.clone()).unwrap(), expected);
        assert_eq!(
            (packed.descriptor.size(), packed.descriptor.digest()),
            (expected.len() as u64, &digest_of(expected.as_bytes()).unwrap())
        );
        assert_eq!(packed.descriptor.artifact_type().as_ref().unwrap().as_ref(), BUNDLE);
        let blobs: Vec<_> = packed.blobs.iter().map(|(digest, bytes)| (digest.as_ref(), &bytes[..])).collect();
        assert_eq!(blobs, [(EMPTY_DIGEST, EMPTY), (HELLO, b"hello")]);
    }

    const BUNDLE: &str = crate::artifact::BUNDLE_TYPE;

    #[test]
    fn a_document_bears_its_files_name() {
        let packed = Artifact::document("application/spdx+json", "seed.spdx.json", *b"hello").pack(None).unwrap();
        let text = String::from_utf8(packed.bytes).unwrap();
        assert!(
            text.contains("\"size\":5,\"annotations\":{\"org.opencontainers.image.title\":\"seed.spdx.json\"}"),
            "{text}"
        );
        assert!(!text.contains("subject") && text.ends_with("}}]}"), "{text}");
    }

    #[test]
    fn an_artifact_without_blobs_has_the_empty_one() {
        let bare = Artifact { artifact_type: "a/x".into(), blobs: vec![], annotations: [].into() };
        let packed = bare.pack(None).unwrap();
        assert_eq!(String::from_utf8(packed.bytes).unwrap().matches(EMPTY_DIGEST).count(), 2);
        assert_eq!(packed.blobs.len(), 1);
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in
            ["", "x", "/", "a/", "/b", "a/b/c", "a/b;c=d", "a /b", "-a/b", "a/é", &format!("a/{}", "b".repeat(128))]
        {
            let artifact = Artifact::document(text, "x", *b"x");
            let error = artifact.pack(None).unwrap_err().to_string();
            assert!(error.contains("TYPE/SUBTYPE"), "{text}: {error}");
        }
        let mut artifact = Artifact::document("a/x", "x", *b"x");
        artifact.blobs[0].media_type = "none".into();
        assert!(artifact.pack(None).unwrap_err().to_string().contains("media type"));
    }

    #[test]
    fn a_subject_with_a_digest_of_another_kind_is_refused() {
        let digest: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        let subject = Descriptor::new(MediaType::ImageManifest, 9, digest);
        assert!(matches!(Artifact::document("a/x", "x", *b"x").pack(Some(&subject)), Err(Error::Algorithm { .. })));
    }
}
