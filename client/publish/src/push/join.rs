//! Joins a system's image to the others' under one tag, while they may do the same.
//!
//! Registries have no way to change a tag only if nobody else has. So the tag is not where the truth lies: each system
//! writes a tag of its own first (`main-x86_64-linux` beside `main`), which no other system writes; what the index at
//! `main` has to say follows from these. Whoever has written the index reads all tags again, and writes again where they
//! say more: the one that writes last then has read the tags of all. A further gain: registries that throw away what has
//! no tag keep every image of the index.

use nix_seed_registry::{Digest, Manifest, MediaType};
use nix_seed_source::Platform;

use crate::push::index::{Entry, SystemIndex};
use crate::{Error, Result};

/// How often the index is written before it is given up: others write as often only if something is wrong.
const ATTEMPTS: u32 = 10;

/// The platforms that join without being in the index yet. Others are seen once they are in it.
const PLATFORMS: [(&str, &str); 4] = [("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64")];

/// A repository, as far as joining needs it.
pub(crate) trait Tags {
    /// The repository, for messages.
    fn name(&self) -> String;
    /// What a tag stands for now.
    fn digest(&self, tag: &str) -> Result<Option<Digest>>;
    /// A manifest or index.
    fn manifest(&self, digest: &Digest) -> Result<Manifest>;
    /// What an index says of an image; none where the manifest is no image's.
    fn entry(&self, digest: &Digest, manifest: &Manifest) -> Result<Option<Entry>>;
    /// Makes a tag stand for a document.
    fn put(&self, tag: &str, media_type: &MediaType, bytes: &[u8]) -> Result<Digest>;
}

/// Joins the image of `platform`, whose manifest is `image`, to the index at `tag`; gives the index's digest.
pub(crate) fn join(
    tags: &impl Tags,
    tag: &str,
    platform: &Platform,
    (digest, image): (&Digest, &Manifest),
) -> Result<Digest> {
    let own = own_tag(tag, platform);
    if tags.digest(&own)?.as_ref() != Some(digest) {
        tags.put(&own, &image.media_type, &image.bytes)?;
    }
    for _ in 0..ATTEMPTS {
        let (present, mut index) = read(tags, tag)?;
        let mut platforms: Vec<_> = index.platforms().chain([platform.clone()]).collect();
        platforms
            .extend(PLATFORMS.map(|(os, architecture)| Platform { os: os.into(), architecture: architecture.into() }));
        platforms.sort();
        platforms.dedup();
        for platform in &platforms {
            let own_tag = own_tag(tag, platform);
            let Some(digest) = tags.digest(&own_tag)? else { continue };
            if index.digest(platform) != Some(digest.as_ref()) {
                index.put(&entry(tags, &own_tag, &digest, platform)?);
            }
        }
        let bytes = index.to_bytes();
        if let Some((digest, written)) = present
            && written == bytes
        {
            return Ok(digest);
        }
        tags.put(tag, &MediaType::ImageIndex, &bytes)?;
    }
    Err(Error::Contended { tag: format!("{}:{tag}", tags.name()), attempts: ATTEMPTS })
}

/// A system's own tag beside the one of the index.
fn own_tag(tag: &str, platform: &Platform) -> String {
    format!("{tag}-{}", platform.nix_system())
}

/// A document that is there: its digest and its bytes.
type Present = (Digest, Vec<u8>);

/// The index at a tag, and what exactly stands there; a single image that stands there is the first of an index.
fn read(tags: &impl Tags, tag: &str) -> Result<(Option<Present>, SystemIndex)> {
    let Some(digest) = tags.digest(tag)? else { return Ok((None, SystemIndex::default())) };
    let refuse = |found: String| Error::NotJoinable { tag: format!("{}:{tag}", tags.name()), found };
    let manifest = tags.manifest(&digest)?;
    match manifest.media_type {
        MediaType::ImageIndex => {
            let index = SystemIndex::parse(&manifest.bytes).ok_or_else(|| refuse("a damaged index".into()))?;
            Ok((Some((digest, manifest.bytes)), index))
        }
        MediaType::ImageManifest => {
            let first =
                tags.entry(&digest, &manifest)?.ok_or_else(|| refuse("no image but another artifact".into()))?;
            let mut index = SystemIndex::default();
            index.put(&first);
            Ok((Some((digest, manifest.bytes)), index))
        }
        other => Err(refuse(format!("no OCI image but {:?}", other.to_string()))),
    }
}

/// The image at a system's own tag.
fn entry(tags: &impl Tags, tag: &str, digest: &Digest, platform: &Platform) -> Result<Entry> {
    let refuse = |found: String| Error::NotJoinable { tag: format!("{}:{tag}", tags.name()), found };
    match tags.entry(digest, &tags.manifest(digest)?)? {
        Some(entry) if entry.platform == *platform => Ok(entry),
        Some(entry) => Err(refuse(format!("an image for {} and not for {platform}", entry.platform))),
        None => Err(refuse("no image".into())),
    }
}

#[cfg(test)]
mod tests;
