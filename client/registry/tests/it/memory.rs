//! A registry in memory, as honest as a test lets it be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use nix_seed_registry::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use crate::digest_of;
use crate::server::{Answer, Asked, Server, answer};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What it has of the referrers API.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Api {
    None,
    Whole,
    /// It says that it lists what refers to a subject, and has no such list (ECR).
    Claimed,
    /// It has a list, in which nothing ever is.
    Empty,
}

/// What is in it.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// Media type and bytes.
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) tags: BTreeMap<String, String>,
    upload: Vec<u8>,
}

/// A registry of one repository.
#[derive(Clone)]
pub(crate) struct Memory {
    content: Arc<Mutex<Content>>,
    api: Api,
    /// Whether it looks at conditions.
    conditions: bool,
}

impl Memory {
    pub(crate) fn new(api: Api) -> Self {
        Self { content: Arc::default(), api, conditions: false }
    }

    pub(crate) fn with_conditions(self) -> Self {
        Self { conditions: true, ..self }
    }

    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    /// A server that answers as this does, but where `script` has something else to say.
    pub(crate) fn serve(&self, script: impl Fn(&Asked, &Memory) -> Option<Answer> + Send + Sync + 'static) -> Server {
        let memory = self.clone();
        Server::new(move |asked, _| script(asked, &memory).unwrap_or_else(|| memory.answer(asked)))
    }

    /// Stores a manifest, as somebody else does it.
    pub(crate) fn put(&self, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = digest_of(bytes);
        let mut content = self.content();
        content.manifests.insert(digest.to_string(), (media_type.into(), bytes.into()));
        if let Some(tag) = tag {
            content.tags.insert(tag.into(), digest.to_string());
        }
        digest
    }

    /// What a tag stands for.
    pub(crate) fn at(&self, tag: &str) -> Value {
        let content = self.content();
        serde_json::from_slice(&content.manifests[&content.tags[tag]].1).unwrap()
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Answer {
        let path = asked.target.strip_prefix("/v2/owner/name/").unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match path.split_once('/').unwrap() {
            ("blobs", rest) => self.blob(asked, rest, query),
            ("manifests", reference) => self.manifest(asked, reference),
            ("tags", _) => {
                let tags: Vec<_> = self.content().tags.keys().cloned().collect();
                answer(200).body(json!({ "name": "owner/name", "tags": tags }).to_string())
            }
            ("referrers", subject) => self.referrers(subject),
            _ => answer(404),
        }
    }

    fn blob(&self, asked: &Asked, rest: &str, query: &str) -> Answer {
        let mut content = self.content();
        match asked.method.as_str() {
            "POST" => {
                content.upload.clear();
                answer(202).header("location", "/v2/owner/name/blobs/uploads/u")
            }
            "PATCH" => {
                content.upload.extend_from_slice(&asked.body);
                answer(202).header("location", "u").header("range", format!("0-{}", content.upload.len() - 1))
            }
            "PUT" => {
                let bytes = std::mem::take(&mut content.upload);
                assert_eq!(query, format!("digest={}", digest_of(&bytes).to_string().replace(':', "%3A")));
                content.blobs.insert(digest_of(&bytes).to_string(), bytes);
                answer(201)
            }
            _ => content.blobs.get(rest).map_or_else(|| answer(404), |bytes| answer(200).body(bytes)),
        }
    }

    fn manifest(&self, asked: &Asked, reference: &str) -> Answer {
        if asked.method == "PUT" {
            return self.put_manifest(asked, reference);
        }
        let content = self.content();
        let digest = content.tags.get(reference).map_or(reference, String::as_str);
        content.manifests.get(digest).map_or_else(
            || answer(404).body(r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}"#),
            |(media_type, bytes)| {
                let found = answer(200).header("content-type", media_type).header("docker-content-digest", digest);
                found.header("etag", format!("\"{digest}\"")).body(bytes)
            },
        )
    }

    fn put_manifest(&self, asked: &Asked, reference: &str) -> Answer {
        if self.conditions {
            let now = self.content().tags.get(reference).map(|digest| format!("\"{digest}\""));
            let changed = asked.header("if-match").is_some_and(|tag| now.as_deref() != Some(tag));
            if changed || (asked.header("if-none-match") == Some("*") && now.is_some()) {
                return answer(412);
            }
        }
        let tag = Some(reference).filter(|reference| !reference.contains(':'));
        let digest = self.put(tag, asked.header("content-type").unwrap(), &asked.body);
        let document: Value = serde_json::from_slice(&asked.body).unwrap();
        let stored = answer(201).header("docker-content-digest", digest);
        match document["subject"]["digest"].as_str().filter(|_| self.api != Api::None) {
            Some(subject) => stored.header("oci-subject", subject),
            None => stored,
        }
    }

    fn referrers(&self, subject: &str) -> Answer {
        let content = self.content();
        let entry = |(digest, (media_type, bytes)): (&String, &(String, Vec<u8>))| {
            let document: Value = serde_json::from_slice(bytes).unwrap();
            (document["subject"]["digest"] == subject).then(|| {
                json!({ "mediaType": media_type, "digest": digest, "size": bytes.len(),
                    "artifactType": document["artifactType"], "annotations": document["annotations"] })
            })
        };
        let entries: Vec<_> = match self.api {
            Api::None | Api::Claimed => return answer(404).body("404 page not found"),
            Api::Whole => content.manifests.iter().filter_map(entry).collect(),
            Api::Empty => Vec::new(),
        };
        list(&entries)
    }
}

/// An answer of the referrers API.
pub(crate) fn list(entries: &[Value]) -> Answer {
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    answer(200).header("content-type", INDEX).body(index.to_string())
}

/// What is attached to.
pub(crate) fn subject() -> Descriptor {
    Descriptor::new(MediaType::ImageManifest, 7, digest_of(b"subject"))
}

/// The tag under which its referrers are listed.
pub(crate) fn list_tag() -> String {
    subject().digest().to_string().replace(':', "-")
}

/// A manifest that refers to the subject.
pub(crate) fn referrer(artifact_type: &str) -> String {
    refers_to(subject().digest(), artifact_type)
}

pub(crate) fn refers_to(subject: &Digest, artifact_type: &str) -> String {
    let blob = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2 });
    let document = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": blob,
        "layers": [blob], "subject": { "mediaType": MANIFEST, "digest": subject, "size": 7 } });
    document.to_string()
}

/// What a list says of a manifest.
pub(crate) fn entry(manifest: &str, artifact_type: &str) -> Value {
    json!({ "mediaType": MANIFEST, "digest": digest_of(manifest.as_bytes()), "size": manifest.len(),
        "artifactType": artifact_type })
}
