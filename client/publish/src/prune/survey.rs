//! What a repository holds, as far as a registry tells.

use std::collections::{BTreeMap, BTreeSet};

use nix_seed_image::image::GROUP_ANNOTATION;
use nix_seed_registry::{Digest, Error as RegistryError, MediaType, Repository};
use serde_json::Value;

use crate::parallel::each;
use crate::push::{SystemIndex, resolved};
use crate::{Error, Result};

/// Tags and manifests of a repository; digests as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// What tags stand for.
    pub(crate) tags: BTreeMap<String, String>,
    /// The manifests that are there.
    pub(crate) nodes: BTreeMap<String, Node>,
}

/// A manifest or index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    /// What an index names.
    pub(crate) children: Vec<String>,
    /// What it refers to: it says so, or its tag does.
    pub(crate) subjects: Vec<String>,
    /// What refers to it, as the registry says.
    pub(crate) referrers: Vec<String>,
}

/// What a manifest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Seed,
    Index,
    Other,
}

impl Node {
    /// Reads a manifest. One that cannot be read is no seed.
    fn read(media_type: &MediaType, bytes: &[u8]) -> Self {
        let manifest: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let subjects = manifest["subject"]["digest"].as_str().map(Into::into).into_iter().collect();
        let index = SystemIndex::parse(bytes).filter(|_| *media_type == MediaType::ImageIndex);
        let is_group = |layer: &Value| layer["annotations"][GROUP_ANNOTATION].is_string();
        let content = match &index {
            Some(_) => Content::Index,
            None if manifest["layers"].as_array().is_some_and(|layers| layers.iter().any(is_group)) => Content::Seed,
            None => Content::Other,
        };
        let children = index.iter().flat_map(SystemIndex::digests).map(Into::into).collect();
        Self { content, children, subjects, referrers: Vec::new() }
    }
}

/// Reads all that tags lead to, and `also`, where it is there.
pub(crate) fn survey<'a>(repository: &Repository, also: impl Iterator<Item = &'a str>, jobs: usize) -> Result<Survey> {
    let mut survey = Survey::default();
    let tags = repository.tags()?;
    let digests = each(jobs, &tags, |tag, _| resolved(repository, tag))?;
    let mut attached: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wanted: BTreeSet<String> = also.map(Into::into).collect();
    for (tag, digest) in tags.into_iter().zip(digests) {
        // Deleted since the list was made.
        let Some(digest) = digest.map(|digest| digest.to_string()) else { continue };
        // A tag that is named after what it stands for is one of many, and no list.
        if let Some(subject) = subject_of_tag(&tag).filter(|subject| *subject != digest) {
            attached.entry(digest.clone()).or_default().push(subject.clone());
            wanted.insert(subject);
        }
        wanted.insert(digest.clone());
        survey.tags.insert(tag, digest);
    }
    let mut seen = BTreeSet::new();
    while !wanted.is_empty() {
        let round: Vec<String> = std::mem::take(&mut wanted).into_iter().collect();
        let nodes = each(jobs, &round, |digest, _| node(repository, digest))?;
        for (digest, node) in round.into_iter().zip(nodes) {
            seen.insert(digest.clone());
            let Some(mut node) = node else { continue };
            if let Some(subjects) = attached.get(&digest) {
                // The list under a tag such as `sha256-…` is of what refers to the same: no image is in it.
                node.children.clear();
                node.content = Content::Other;
                node.subjects.extend_from_slice(subjects);
            }
            wanted.extend(node.children.iter().chain(&node.referrers).cloned());
            survey.nodes.insert(digest, node);
        }
        wanted.retain(|digest| !seen.contains(digest));
    }
    Ok(survey)
}

fn node(repository: &Repository, digest: &str) -> Result<Option<Node>> {
    let digest = digest.parse::<Digest>();
    let Ok(digest) = digest else { return Ok(None) };
    let manifest = match repository.manifest(&digest) {
        Ok(manifest) => manifest,
        // An index may name what is not there; what is named by another hash cannot be a seed of ours.
        Err(RegistryError::NotFound { .. } | RegistryError::Algorithm { .. }) => return Ok(None),
        Err(error) => return Err(Error::Registry(error)),
    };
    let mut node = Node::read(&manifest.media_type, &manifest.bytes);
    let referrers = match repository.referrers(&digest, None) {
        Ok(referrers) => referrers,
        // What is nowhere listed is deleted by nobody.
        Err(RegistryError::Unlisted { .. }) => Vec::new(),
        Err(error) => return Err(Error::Registry(error)),
    };
    node.referrers = referrers.iter().map(|referrer| referrer.digest().to_string()).collect();
    Ok(Some(node))
}

/// The digest that a tag such as `sha256-<64 digits>` (OCI's referrers tag schema), `sha256-<64 digits>.referrer-…` (a
/// referrer's own) or `sha256-<64 digits>.sig` (cosign) belongs to.
fn subject_of_tag(tag: &str) -> Option<String> {
    let rest = tag.strip_prefix("sha256-")?;
    let (hex, suffix) = rest.split_at_checked(64)?;
    let is_hex = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_hex && (suffix.is_empty() || suffix.starts_with('.'))).then(|| format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_that_belong_to_a_digest_are_known() {
        let hex = "ab".repeat(32);
        let digest = format!("sha256:{hex}");
        assert_eq!(subject_of_tag(&format!("sha256-{hex}")), Some(digest.clone()));
        assert_eq!(subject_of_tag(&format!("sha256-{hex}.sig")), Some(digest.clone()));
        assert_eq!(subject_of_tag(&format!("sha256-{hex}.referrer-{}", "0".repeat(32))), Some(digest));
        for tag in ["main", "sha256-ab", &format!("sha256-{hex}0"), &format!("sha256-{}", hex.to_uppercase())] {
            assert_eq!(subject_of_tag(tag), None, "{tag}");
        }
    }

    #[test]
    fn seeds_indexes_and_others_are_told_apart() {
        let content = |media_type: MediaType, document: Value| Node::read(&media_type, document.to_string().as_bytes());
        let seed = json!({ "layers": [{ "annotations": { GROUP_ANNOTATION: "metadata" } }] });
        assert_eq!(content(MediaType::ImageManifest, seed).content, Content::Seed);
        let other = json!({ "layers": [{}], "subject": { "digest": "sha256:x" } });
        let other = content(MediaType::ImageManifest, other);
        assert_eq!((other.content, other.subjects), (Content::Other, vec!["sha256:x".to_owned()]));
        let index = json!({ "schemaVersion": 2, "manifests": [{ "digest": "sha256:a", "size": 1 }] });
        let index = content(MediaType::ImageIndex, index);
        assert_eq!((index.content, index.children), (Content::Index, vec!["sha256:a".to_owned()]));
        assert_eq!(Node::read(&MediaType::ImageIndex, b"damaged").content, Content::Other);
    }
}
