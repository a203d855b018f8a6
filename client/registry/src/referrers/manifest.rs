use std::collections::BTreeMap;

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Deserialize;

use crate::Manifest;

/// A manifest that refers to another one, as it says so itself. What a list says of it does not count: some clients write
/// another artifact type there than the manifest has (cosign 3, of registries without a referrers API).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Media type, digest, length in bytes, artifact type and annotations: what a list of referrers should say of it.
    pub descriptor: Descriptor,
    /// Its configuration; an index has none.
    pub config: Option<Descriptor>,
    /// Its blobs; an index has none.
    pub layers: Vec<Descriptor>,
    /// The document, byte for byte.
    pub bytes: Vec<u8>,
}

/// Why a manifest that is listed as a referrer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is listed, and not there.
    #[error("it is not there")]
    Missing,
    /// Its digest is of another kind than this program computes.
    #[error("its digest is no sha256 digest")]
    Algorithm,
    /// It is neither an image manifest nor an image index.
    #[error("it is {media_type:?}, neither an OCI image manifest nor an OCI image index")]
    Type {
        /// What it is.
        media_type: String,
    },
    /// It cannot be read.
    #[error("it is malformed: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
    /// It refers to nothing.
    #[error("it has no subject")]
    NoSubject,
    /// It refers to something else.
    #[error("its subject is {found}")]
    OtherSubject {
        /// The digest of what it refers to.
        found: String,
    },
}

/// An image manifest or an image index, as far as it matters here. A field that is there twice is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    subject: Option<Named>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Named {
    digest: String,
}

impl Referrer {
    /// Reads a manifest that has the digest `digest`, and compares its subject with the one that it is to refer to.
    pub fn read(subject: &Digest, digest: &Digest, manifest: Manifest) -> Result<Self, Refusal> {
        let Manifest { media_type, bytes } = manifest;
        let is_index = match media_type {
            MediaType::ImageManifest => false,
            MediaType::ImageIndex => true,
            other => return Err(Refusal::Type { media_type: other.to_string() }),
        };
        let malformed = |why: String| Refusal::Malformed { why };
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if let Some(found) = document.media_type.filter(|found| found != media_type.as_ref()) {
            return Err(malformed(format!(
                "it calls itself {found:?}, and the registry calls it {:?}",
                media_type.as_ref()
            )));
        }
        let found = document.subject.ok_or(Refusal::NoSubject)?.digest;
        if found != subject.as_ref() {
            return Err(Refusal::OtherSubject { found });
        }
        let (config, layers) = match (is_index, document.config, document.layers) {
            (true, _, _) => (None, Vec::new()),
            (false, Some(config), Some(layers)) => (Some(config), layers),
            (false, None, _) => return Err(malformed("it has no config".into())),
            (false, _, None) => return Err(malformed("it has no layers".into())),
        };
        let own = document.artifact_type.filter(|own| !own.is_empty()).map(|own| MediaType::from(own.as_str()));
        let artifact_type = own.or_else(|| config.as_ref().map(|config| config.media_type().clone()));
        let mut descriptor = Descriptor::new(media_type, bytes.len() as u64, digest.clone());
        descriptor.set_artifact_type(artifact_type);
        descriptor.set_annotations(document.annotations.map(|annotations| annotations.into_iter().collect()));
        Ok(Self { descriptor, config, layers, bytes })
    }

    /// Its artifact type: the manifest's own, else its configuration's media type. An index without one has none.
    pub fn artifact_type(&self) -> Option<&str> {
        self.descriptor.artifact_type().as_ref().map(AsRef::as_ref)
    }

    /// One of its annotations.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.descriptor.annotations().as_ref()?.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(digit: char) -> Digest {
        format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
    }

    fn blob(media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": digest('b'), "size": 2 })
    }

    fn manifest() -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "a/x",
            "config": blob("application/vnd.oci.empty.v1+json"),
            "layers": [blob("l/x")],
            "subject": { "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest('a'), "size": 9 },
            "annotations": { "n": "1" },
        })
    }

    fn read_as(media_type: MediaType, document: &str) -> Result<Referrer, Refusal> {
        Referrer::read(&digest('a'), &digest('c'), Manifest { media_type, bytes: document.into() })
    }

    fn read(document: &Value) -> Result<Referrer, Refusal> {
        read_as(MediaType::ImageManifest, &document.to_string())
    }

    fn without(name: &str) -> Value {
        let mut document = manifest();
        document.as_object_mut().unwrap().remove(name);
        document
    }

    #[test]
    fn the_manifests_own_words_count() {
        let read = read(&manifest()).unwrap();
        assert_eq!((read.artifact_type(), read.annotation("n"), read.annotation("m")), (Some("a/x"), Some("1"), None));
        assert_eq!(
            (read.descriptor.digest(), read.descriptor.size()),
            (&digest('c'), manifest().to_string().len() as u64)
        );
        assert_eq!(read.layers[0].media_type().as_ref(), "l/x");
    }

    #[test]
    fn without_an_artifact_type_the_configurations_type_counts() {
        let mut empty = manifest();
        empty["artifactType"] = "".into();
        for document in [without("artifactType"), empty] {
            assert_eq!(read(&document).unwrap().artifact_type(), Some("application/vnd.oci.empty.v1+json"));
        }
    }

    #[test]
    fn an_index_may_refer_and_may_have_no_type() {
        let index = json!({ "schemaVersion": 2, "manifests": [], "subject": { "digest": digest('a') } });
        let read = read_as(MediaType::ImageIndex, &index.to_string()).unwrap();
        assert_eq!((read.artifact_type(), &read.config, &read.layers), (None, &None, &vec![]));
    }

    #[test]
    fn attack_a_manifest_whose_subject_is_another_digest() {
        let mut other = manifest();
        other["subject"]["digest"] = digest('f').to_string().into();
        assert_eq!(read(&other), Err(Refusal::OtherSubject { found: digest('f').to_string() }));
        assert_eq!(read(&without("subject")), Err(Refusal::NoSubject));
    }

    #[test]
    fn attack_a_manifest_with_two_subjects() {
        let two = manifest().to_string().replacen(
            "\"subject\":",
            &format!("\"subject\":{{\"digest\":\"{}\"}},\"subject\":", digest('f')),
            1,
        );
        let refused = read_as(MediaType::ImageManifest, &two).unwrap_err();
        assert!(refused.to_string().contains("duplicate field"), "{refused}");
    }

    #[test]
    fn attack_a_manifest_that_is_served_as_an_index() {
        let refused = read_as(MediaType::ImageIndex, &manifest().to_string()).unwrap_err();
        assert!(refused.to_string().contains("calls itself"), "{refused}");
        let docker = "application/vnd.docker.distribution.manifest.v2+json";
        assert!(matches!(read_as(docker.into(), &manifest().to_string()), Err(Refusal::Type { .. })));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for document in [without("config"), without("layers"), json!([]), json!({ "subject": 1 })] {
            assert!(matches!(read(&document), Err(Refusal::Malformed { .. })), "{document}");
        }
    }
}
