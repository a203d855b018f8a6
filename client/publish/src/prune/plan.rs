//! What goes and what stays, decided.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::prune::Naming;
use crate::prune::survey::{Content, Survey};

/// What is to be deleted from a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What goes, in the order in which it has to go: what refers to seeds, indexes, seeds.
    pub delete: Vec<Deletion>,
    /// What stays, by digest.
    pub keep: Vec<Kept>,
    /// What a lock file names in this repository, and what is not there.
    pub missing: Vec<Naming>,
}

/// A manifest that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deletion {
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// What it is.
    pub role: Role,
    /// The tags that go with it.
    pub tags: Vec<String>,
}

/// What a manifest that goes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It refers to something that goes: a signature, a statement.
    Referrer,
    /// It names the seeds of several systems.
    Index,
    /// A seed.
    Seed,
}

/// A manifest that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Why it stays.
    pub because: String,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Plan {
    /// Decides, where `roots` (digest, and why) are kept. Nothing that is kept for any reason is deleted.
    pub(crate) fn of(survey: &Survey, roots: &BTreeMap<String, String>) -> Self {
        let graph = Graph::of(survey);
        let mut keep: Vec<(&str, String)> = roots.iter().map(|(digest, why)| (&**digest, why.clone())).collect();
        for (digest, node) in &survey.nodes {
            // One step only: an index that names what another kept index names is not needed by anybody.
            if let Some(child) = node.children.iter().find(|child| roots.contains_key(*child)) {
                keep.push((digest, format!("names {child}")));
            } else if !graph.is_seeds(digest) && !graph.is_referrer(digest) {
                keep.push((digest, "is no seed".into()));
            }
        }
        let mut kept: BTreeMap<&str, String> = BTreeMap::new();
        while let Some((digest, why)) = keep.pop() {
            if kept.contains_key(digest) {
                continue;
            }
            kept.insert(digest, why);
            keep.extend(graph.children(digest).map(|child| (child, format!("is named by {digest}"))));
            keep.extend(graph.referrers(digest).map(|referrer| (referrer, format!("refers to {digest}"))));
        }

        let is_kept = |digest: &str| kept.contains_key(digest);
        let candidates = survey.nodes.keys().filter(|digest| graph.is_seeds(digest) && !is_kept(digest));
        let mut delete: BTreeMap<&str, (Role, usize)> = BTreeMap::new();
        let mut next: Vec<(&str, usize)> = candidates.map(|digest| (&**digest, 0)).collect();
        while let Some((digest, depth)) = next.pop() {
            let role = match survey.nodes.get(digest) {
                _ if depth > 0 => Role::Referrer,
                Some(node) if node.children.is_empty() => Role::Seed,
                _ => Role::Index,
            };
            if delete.get(digest).is_some_and(|(_, known)| *known >= depth) || depth > survey.nodes.len() {
                continue;
            }
            delete.insert(digest, (role, depth));
            next.extend(graph.referrers(digest).filter(|digest| !is_kept(digest)).map(|digest| (digest, depth + 1)));
        }
        let mut delete: Vec<_> = delete.into_iter().collect();
        // What refers to what refers to a seed goes first.
        delete.sort_by_key(|(digest, (role, depth))| (*role, std::cmp::Reverse(*depth), *digest));
        let tags = |digest: &str| graph.tags.get(digest).cloned().unwrap_or_default();
        let deletion = |(digest, (role, _)): (&str, _)| Deletion { digest: digest.into(), role, tags: tags(digest) };
        let keep = kept.iter().filter(|(digest, _)| survey.nodes.contains_key(**digest));
        let keep =
            keep.map(|(digest, why)| Kept { digest: (*digest).into(), because: why.clone(), tags: tags(digest) });
        Self { delete: delete.into_iter().map(deletion).collect(), keep: keep.collect(), missing: Vec::new() }
    }
}

/// A survey, to be asked in all directions.
struct Graph<'a> {
    survey: &'a Survey,
    /// What refers to a digest, whoever said so.
    referrers: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What refers to anything.
    referring: BTreeSet<&'a str>,
    tags: BTreeMap<&'a str, Vec<String>>,
}

impl<'a> Graph<'a> {
    fn of(survey: &'a Survey) -> Self {
        let mut referrers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (digest, node) in &survey.nodes {
            referrers.entry(digest).or_default().extend(node.referrers.iter().map(|referrer| &**referrer));
            for subject in &node.subjects {
                referrers.entry(subject).or_default().insert(digest);
            }
        }
        let referring = referrers.values().flatten().copied().collect();
        let mut tags: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (tag, digest) in &survey.tags {
            tags.entry(digest).or_default().push(tag.clone());
        }
        Self { survey, referrers, referring, tags }
    }

    fn children(&self, digest: &str) -> impl Iterator<Item = &'a str> {
        self.survey.nodes.get(digest).into_iter().flat_map(|node| &node.children).map(|child| &**child)
    }

    fn referrers(&self, digest: &str) -> impl Iterator<Item = &'a str> {
        self.referrers.get(digest).into_iter().flatten().copied()
    }

    fn is_referrer(&self, digest: &str) -> bool {
        self.referring.contains(digest)
    }

    /// Whether it is a seed, or an index of seeds and of nothing else that is there.
    fn is_seeds(&self, digest: &str) -> bool {
        let content = |digest: &str| self.survey.nodes.get(digest).map(|node| node.content);
        match content(digest) {
            Some(Content::Seed) => true,
            Some(Content::Index) => {
                let mut children = self.children(digest).filter_map(content).peekable();
                children.peek().is_some() && children.all(|content| content == Content::Seed)
            }
            Some(Content::Other) | None => false,
        }
    }
}

#[cfg(test)]
mod tests;
