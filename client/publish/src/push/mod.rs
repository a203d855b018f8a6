//! A seed, pushed: blobs first, the manifest last, then the tags; each read back before the next.

mod blobs;
mod index;
mod join;
mod remote;
mod restricted;
mod seed;
mod target;

use std::collections::BTreeMap;

use nix_seed_registry::{Descriptor, Manifest, Reference, Registry, Repository};
use serde::Serialize;

pub use blobs::Count;
pub use restricted::Refused;
pub use seed::Publication;
pub use target::{Target, targets};

pub(crate) use index::SystemIndex;
pub(crate) use remote::resolved;
pub(crate) use target::{bare, name};

use crate::{Error, Progress, Result};
use blobs::{How, Way};

/// How a seed is pushed.
#[derive(Debug, Clone)]
pub struct Options {
    /// Each tag is to be an index of several systems' images, to which this one is joined.
    pub index: bool,
    /// What may be pushed although it must not be given to everyone: store paths, their names, private sources' reasons.
    pub allow: Vec<String>,
    /// Repositories that may have some of the blobs; those of other registries than a target's do not count for it.
    pub mount_from: Vec<Reference>,
    /// How many blobs are pushed at once.
    pub jobs: usize,
}

/// What a push did for one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// `REGISTRY/NAME`.
    pub repository: String,
    /// The tags that stand for the image.
    pub tags: Vec<String>,
    /// The tags that stand for an index in which the image is, with the index's digest.
    pub indexes: BTreeMap<String, String>,
    /// The blobs that were sent.
    pub uploaded: Count,
    /// The blobs that the registry took from another repository.
    pub mounted: Count,
    /// The blobs that were there.
    pub present: Count,
}

/// Pushes a seed to all targets, one after the other. What an interrupted push brought there counts for the next one.
pub fn push(
    seed: &Publication,
    targets: &[Target],
    options: &Options,
    registry: &Registry,
    progress: &Progress,
) -> Result<Vec<Pushed>> {
    restricted::check(&seed.seed.index, &options.allow)?;
    check_mounts(targets, options)?;
    for target in targets {
        seed.check_target(&target.repository)?;
        seed.blobs().iter().for_each(|blob| progress.want(blob.size()));
    }
    let mut pushed = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        let others = options.mount_from.iter().chain(targets[..at].iter().map(|target| &target.repository));
        let is_near = |other: &&Reference| {
            other.registry() == target.repository.registry() && other.repository() != target.repository.repository()
        };
        let mount_from: Vec<_> = others.filter(is_near).map(|other| other.repository().to_owned()).collect();
        let repository = registry.repository(&target.repository);
        let way = Way {
            source: &seed.source,
            repository: &repository,
            mount_from: &mount_from,
            jobs: options.jobs,
            progress,
        };
        pushed.push(push_to(seed, target, options, &way)?);
    }
    Ok(pushed)
}

/// An option that changes nothing is a mistake.
fn check_mounts(targets: &[Target], options: &Options) -> Result<()> {
    let is_far = |from: &&Reference| targets.iter().all(|target| target.repository.registry() != from.registry());
    match options.mount_from.iter().find(is_far) {
        Some(from) => {
            let why = format!("nothing is pushed to {}; a registry mounts from itself alone", from.registry());
            Err(Error::Target { text: format!("--mount-from {from}"), why })
        }
        None => Ok(()),
    }
}

fn push_to(seed: &Publication, target: &Target, options: &Options, way: &Way<'_>) -> Result<Pushed> {
    let _span =
        tracing::info_span!("push", seed.repository = name(way.repository), seed.digest = seed.digest()).entered();
    let blobs = seed.blobs();
    let (config, layers): (Vec<_>, Vec<&Descriptor>) =
        blobs.iter().copied().partition(|blob| blob.digest() == seed.seed.documents.manifest.config().digest());
    let mut came = way.bring(&layers)?;
    came.extend(way.bring(&config)?);
    let repository = way.repository;
    remote::put_manifest(repository, &seed.digest, &seed.manifest)?;
    let (mut tags, mut indexes) = (Vec::new(), BTreeMap::new());
    for tag in &target.tags {
        if options.index {
            let digest =
                join::join(&remote::Remote(repository), tag, &seed.platform(), (&seed.digest, &seed.manifest))?;
            indexes.insert(tag.clone(), digest.to_string());
        } else {
            put_tag(repository, tag, seed, &seed.manifest)?;
            tags.push(tag.clone());
        }
    }
    let count = |how| Count::of(&came, how);
    Ok(Pushed {
        repository: name(repository),
        tags,
        indexes,
        uploaded: count(How::Uploaded),
        mounted: count(How::Mounted),
        present: count(How::Present),
    })
}

/// Makes a tag stand for the image, unless it does already: some registries let no tag be written twice.
fn put_tag(repository: &Repository, tag: &str, seed: &Publication, manifest: &Manifest) -> Result<()> {
    if resolved(repository, tag)?.as_ref() == Some(&seed.digest) {
        return Ok(());
    }
    repository.put_manifest(tag, &manifest.media_type, &manifest.bytes)?;
    match resolved(repository, tag)? {
        Some(found) if found == seed.digest => Ok(()),
        found => {
            let why = found.map_or("is not there".into(), |found| format!("is {found} instead of {}", seed.digest));
            Err(Error::ReadBack { repository: name(repository), what: format!("tag {tag}"), why })
        }
    }
}
