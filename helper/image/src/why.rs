//! Why a store path is in a seed: the links that lead to a root, and the references from there.

use std::cell::LazyCell;
use std::collections::VecDeque;

use nix_seed_store::StorePath;
use serde::Serialize;

use crate::index::{Index, SeedPath};
use crate::{Error, Result};

/// How many candidates an error names.
const CANDIDATES: usize = 20;

/// Why a store path is in a seed. Its JSON is what `inspect --why --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The path.
    pub path: String,
    /// What leads to the root, from an output of the flake on. Empty where no path with a chain refers to this one,
    /// however far.
    pub chain: Vec<String>,
    /// The shortest way by references from the root to the path, both of them included. Without a chain, the root is
    /// one of the garbage collector's; where none leads to the path either, this is empty.
    pub references: Vec<String>,
}

/// The position of the path that `given` means: a store path, its base name, its hash part, or a name that only one path
/// of the seed bears.
pub fn find(index: &Index, given: &str) -> Result<u32> {
    let path = StorePath::parse(given).or_else(|_| StorePath::from_base_name(given));
    if let Some(position) = path.ok().and_then(|path| index.position(&path)) {
        return Ok(position);
    }
    let hash = |path: &StorePath| path.base_name().split_once('-').is_some_and(|(hash, _)| hash == given);
    let name = |path: &StorePath| path.name() == given;
    for matches in [&hash as &dyn Fn(&StorePath) -> bool, &name] {
        let mut found = (0..).zip(&index.paths).filter(|(_, path)| matches(&path.info.path));
        if let Some((position, first)) = found.next() {
            let others: Vec<_> = found.map(|(_, path)| path).collect();
            return if others.is_empty() { Ok(position) } else { Err(ambiguous(given, first, &others)) };
        }
    }
    Err(Error::NotInSeed { given: given.into() })
}

fn ambiguous(given: &str, first: &SeedPath, others: &[&SeedPath]) -> Error {
    let all = [first].into_iter().chain(others.iter().copied());
    let mut lines: Vec<_> = all.take(CANDIDATES).map(|path| format!("  {}", path.info.path)).collect();
    let more = (others.len() + 1).saturating_sub(CANDIDATES);
    if more > 0 {
        lines.push(format!("  … and {more} more (inspect --paths lists them)"));
    }
    Error::Ambiguous { given: given.into(), candidates: lines.join("\n") }
}

/// Why each of the paths at `positions` is in the seed whose garbage collector keeps `gc_roots`.
pub fn explain(index: &Index, gc_roots: &[StorePath], positions: &[u32]) -> Vec<Why> {
    let recorded = Ways::new(index, index.reasons.iter().map(|reason| reason.path).collect());
    let kept = LazyCell::new(|| Ways::new(index, gc_roots.iter().filter_map(|path| index.position(path)).collect()));
    let name = |at: &u32| index.paths.get(*at as usize).map(|path| path.info.path.to_string());
    let chain = |root: &u32| {
        let reason = index.reasons.binary_search_by_key(root, |reason| reason.path).ok()?;
        index.reasons.get(reason).map(|reason| reason.chain.clone())
    };
    let explain = |position: &u32| {
        let way = recorded.to(*position).or_else(|| kept.to(*position)).unwrap_or_default();
        Why {
            path: name(position).unwrap_or_default(),
            chain: way.first().and_then(chain).unwrap_or_default(),
            references: way.iter().filter_map(name).collect(),
        }
    };
    positions.iter().map(explain).collect()
}

/// The shortest ways by references from some paths to all that can be reached from them. Of ways that are equally
/// short, the one whose paths come first in the index.
struct Ways {
    /// For each path the one that refers to it on the way; for those at the beginning, themselves.
    before: Vec<Option<u32>>,
}

impl Ways {
    /// Looks at every reference once. Positions and references are sorted, so ways are met in the order of their paths.
    fn new(index: &Index, mut roots: Vec<u32>) -> Self {
        roots.sort_unstable();
        roots.dedup();
        let mut before = vec![None; index.paths.len()];
        for root in &roots {
            if let Some(before) = before.get_mut(*root as usize) {
                *before = Some(*root);
            }
        }
        let mut queue = VecDeque::from(roots);
        while let Some(at) = queue.pop_front() {
            let references = index.paths.get(at as usize).map_or(&[][..], |path| &path.info.references);
            for position in references.iter().filter_map(|reference| index.position(reference)) {
                if let Some(before @ None) = before.get_mut(position as usize) {
                    *before = Some(at);
                    queue.push_back(position);
                }
            }
        }
        Self { before }
    }

    /// The way to a path, itself included; none where it is not reached.
    fn to(&self, position: u32) -> Option<Vec<u32>> {
        let before = |at: u32| self.before.get(at as usize).copied().flatten();
        let mut way = vec![position];
        let mut at = position;
        loop {
            let previous = before(at)?;
            if previous == at {
                way.reverse();
                return Some(way);
            }
            way.push(previous);
            at = previous;
        }
    }
}
