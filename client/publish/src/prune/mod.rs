//! Old seeds, deleted from a registry, with what refers to them.
//!
//! Registries list tags and nothing else. So what can be found is what a tag stands for, what an index at a tag names, what
//! refers to these, and what a tag such as `sha256-…` or `sha256-….sig` says that it belongs to. A manifest without
//! any of these stays until the registry itself removes what has no tag. The bytes go when the registry collects its garbage.
//!
//! What is kept: what a `.seed.lock` on any branch or tag names; what tags that the caller names stand for; an index that
//! names one of these, and all that it names; what refers to any of that; and whatever is no seed.

mod locks;
mod plan;
mod survey;

use nix_seed_registry::{Digest, Error as RegistryError, Repository};

pub use locks::{Locks, Naming};
pub use plan::{Deletion, Kept, Plan, Role};

use crate::push::{name, resolved};
use crate::{Error, Result};

/// Says what would be deleted from a repository: all seeds but those that `locks` name, and those at the tags `keep`.
/// Nothing is written.
pub fn plan(repository: &Repository, locks: &Locks, keep: &[String], jobs: usize) -> Result<Plan> {
    if locks.files() == 0 && keep.is_empty() {
        let (dir, file) = (locks.dir().into(), locks.file().into());
        return Err(Error::NothingKept { dir, file, repository: name(repository) });
    }
    let _span = tracing::info_span!("survey", seed.repository = name(repository)).entered();
    let survey = survey::survey(repository, locks.digests(), jobs)?;
    let mut roots = locks.reasons();
    for tag in keep {
        let digest = survey.tags.get(tag);
        let digest = digest.ok_or_else(|| Error::NoSuchTag { repository: name(repository), tag: tag.clone() })?;
        roots.entry(digest.clone()).or_insert_with(|| format!("tag {tag}"));
    }
    let mut plan = Plan::of(&survey, &roots);
    plan.missing = locks.missing(&name(repository), |digest| survey.nodes.contains_key(digest));
    Ok(plan)
}

/// Deletes what a plan says, and tells `done` of each; nothing where one of the tags `keep` stands for something else by now.
/// What is gone already is no failure. Interrupted, another plan goes on: what refers to a seed goes before it, and an index
/// before what it names.
pub fn delete(repository: &Repository, plan: &Plan, keep: &[String], done: &mut dyn FnMut(&Deletion)) -> Result<()> {
    let _span = tracing::info_span!("delete", seed.repository = name(repository)).entered();
    for tag in keep {
        let now = resolved(repository, tag)?.map(|digest| digest.to_string());
        if !plan.keep.iter().any(|kept| Some(&kept.digest) == now.as_ref() && kept.tags.contains(tag)) {
            return Err(Error::Moved { repository: name(repository), tag: tag.clone() });
        }
    }
    for deletion in &plan.delete {
        let digest: Digest = deletion.digest.parse().map_err(|_| Error::Field {
            field: "digest",
            value: deletion.digest.clone(),
            why: "the registry names a manifest by no digest",
        })?;
        absent_is_fine(repository.delete_manifest(&digest))?;
        for tag in &deletion.tags {
            // With their manifest, most registries delete its tags. One that stands for something else by now stays.
            if resolved(repository, tag)?.as_ref() == Some(&digest) {
                absent_is_fine(repository.delete_tag(tag))?;
            }
        }
        done(deletion);
    }
    Ok(())
}

fn absent_is_fine(deleted: nix_seed_registry::Result<()>) -> Result<()> {
    match deleted {
        Ok(()) | Err(RegistryError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
