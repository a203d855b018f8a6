//! What a seed holds, compared with what a commit needs.

use std::collections::HashSet;

use nix_seed_store::{Closure, StorePath};
use serde::Serialize;

use crate::needs::as_text;
use crate::{LockedInput, Needs, Reason};

/// What a seed holds.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// All of it.
    pub closure: Closure,
    /// What its garbage collector keeps: what it was made for.
    pub gc_roots: Vec<StorePath>,
}

/// Whether a seed suits a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that is needed is there, and nothing else.
    Suits,
    /// All that is needed is there, but something will be built that a new seed would have.
    CouldBeFresher,
    /// All that is needed is there, and what nothing needs any more.
    CouldBeSmaller,
    /// Something is missing, so that an offline build fails.
    DoesNotSuit,
}

/// A [`Verdict`], and why. Its JSON is what `check --quick --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What is needed and not there.
    pub missing: Vec<Reason>,
    /// What would be built again.
    pub fresher: Vec<Reason>,
    /// What is not needed any more, the largest first.
    pub smaller: Vec<Surplus>,
    /// How many bytes would go with all of that.
    pub bytes: u64,
}

/// Something that is not needed any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Surplus {
    /// What the seed was asked to hold.
    #[serde(serialize_with = "as_text")]
    pub path: StorePath,
    /// How many bytes it holds that nothing needs: itself, and what it refers to. Some of that, others that are not needed may
    /// refer to as well.
    pub bytes: u64,
}

/// The inputs whose sources a seed has not.
pub fn lacking(inputs: &[LockedInput], held: &Held) -> Vec<Reason> {
    let missing = inputs.iter().filter(|input| !held.closure.contains(&input.path));
    let reason = |input: &LockedInput| Reason {
        path: input.path.clone(),
        chain: vec!["the flake's inputs".into(), input.name.clone()],
    };
    missing.map(reason).collect()
}

impl Judgement {
    /// That of a seed which lacks something.
    pub fn does_not_suit(missing: Vec<Reason>) -> Self {
        Self { verdict: Verdict::DoesNotSuit, missing, fresher: Vec::new(), smaller: Vec::new(), bytes: 0 }
    }
}

/// Whether a seed has what a commit needs.
pub fn judge(needs: &Needs, held: &Held) -> Judgement {
    let lacks = |reasons: &[Reason]| -> Vec<_> {
        reasons.iter().filter(|reason| !held.closure.contains(&reason.path)).cloned().collect()
    };
    let missing = lacks(&needs.required);
    if !missing.is_empty() {
        return Judgement::does_not_suit(missing);
    }
    let fresher = lacks(&needs.results);
    let (smaller, bytes) = surplus(needs, held);
    let verdict = match (fresher.is_empty(), smaller.is_empty()) {
        (false, _) => Verdict::CouldBeFresher,
        (true, false) => Verdict::CouldBeSmaller,
        (true, true) => Verdict::Suits,
    };
    Judgement { verdict, missing, fresher, smaller, bytes }
}

/// The roots that nothing needs any more, and how many bytes go with all of them.
fn surplus(needs: &Needs, held: &Held) -> (Vec<Surplus>, u64) {
    let needed = reach(&held.closure, needs.all().cloned(), &HashSet::new()).0;
    let roots = held.gc_roots.iter().filter(|root| !needed.contains(*root) && held.closure.contains(root));
    let mut smaller: Vec<_> = roots
        .map(|root| Surplus { path: root.clone(), bytes: reach(&held.closure, [root.clone()], &needed).1 })
        .collect();
    smaller.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    let all = smaller.iter().map(|surplus| surplus.path.clone());
    let bytes = reach(&held.closure, all, &needed).1;
    (smaller, bytes)
}

/// What `roots` lead to within `closure` without what is `known`, and its length.
fn reach(
    closure: &Closure,
    roots: impl IntoIterator<Item = StorePath>,
    known: &HashSet<StorePath>,
) -> (HashSet<StorePath>, u64) {
    let (mut met, mut bytes) = (HashSet::new(), 0_u64);
    let mut open: Vec<_> = roots.into_iter().collect();
    while let Some(path) = open.pop() {
        let Some(info) = closure.get(&path).filter(|_| !known.contains(&path)) else { continue };
        if met.insert(path) {
            bytes = bytes.saturating_add(info.nar_size);
            open.extend(info.references.iter().cloned());
        }
    }
    (met, bytes)
}

#[cfg(test)]
mod tests;
