//! Where to: repositories, and in each the tags.

use nix_seed_registry::{Reference, Repository};

use crate::{Error, Result};

/// A repository, and the tags that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The repository; without tag and digest.
    pub repository: Reference,
    /// The tags, in the order in which they were asked for. None: the image is there under its digest alone.
    pub tags: Vec<String>,
}

/// The targets that references name, each repository once, in the order in which they are named first.
///
/// `joins`: each tag is to be an index of several systems' images, so there has to be one.
pub fn targets(references: &[Reference], joins: bool) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for reference in references {
        let refuse = |why: String| Error::Target { text: reference.to_string(), why };
        if reference.digest().is_some() {
            return Err(refuse("the seed has a digest of its own; leave out what begins with @".into()));
        }
        if joins && reference.tag().is_none() {
            return Err(refuse(format!("--index joins systems under a tag; add one, as in {reference}:main")));
        }
        let is_same = |target: &&mut Target| bare(&target.repository) == bare(reference);
        let target = match targets.iter_mut().find(is_same) {
            Some(target) => target,
            None => {
                let repository = bare(reference).parse()?;
                targets.push(Target { repository, tags: Vec::new() });
                let last = targets.len() - 1;
                &mut targets[last]
            }
        };
        if let Some(tag) = reference.tag().filter(|tag| !target.tags.iter().any(|known| known == tag)) {
            target.tags.push(tag.into());
        }
    }
    Ok(targets)
}

/// `REGISTRY/NAME`.
pub(crate) fn bare(reference: &Reference) -> String {
    format!("{}/{}", reference.registry(), reference.repository())
}

/// `REGISTRY/NAME`.
pub(crate) fn name(repository: &Repository) -> String {
    format!("{}/{}", repository.registry(), repository.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str], joins: bool) -> Result<Vec<(String, Vec<String>)>> {
        let references: Vec<Reference> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Ok(targets(&references, joins)?
            .into_iter()
            .map(|target| (target.repository.to_string(), target.tags))
            .collect())
    }

    #[test]
    fn tags_of_one_repository_are_pushed_together() {
        let found =
            of(&["ghcr.io/a/b:x", "quay.io/a/b", "ghcr.io/a/b:y", "ghcr.io/a/b:x", "ghcr.io/a/b"], false).unwrap();
        let tags = |tags: &[&str]| tags.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found, [("ghcr.io/a/b".into(), tags(&["x", "y"])), ("quay.io/a/b".into(), tags(&[]))]);
    }

    #[test]
    fn a_digest_as_target_is_refused() {
        let error = of(&[&format!("ghcr.io/a/b@sha256:{}", "ab".repeat(32))], false).unwrap_err().to_string();
        assert!(error.contains("leave out what begins with @"), "{error}");
    }

    #[test]
    fn an_index_without_a_tag_is_refused() {
        let error = of(&["ghcr.io/a/b"], true).unwrap_err().to_string();
        assert!(error.contains("ghcr.io/a/b:main"), "{error}");
    }
}
