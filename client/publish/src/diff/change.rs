//! What changed, by package.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nix_seed_image::index::Index;
use nix_seed_store::StorePath;
use serde::Serialize;

use crate::diff::cause::causes;
use crate::diff::name::Name;
use crate::diff::pair::{Pair, pairs};

/// How a package changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It has another version.
    Updated,
    /// Only the second seed has it.
    New,
    /// The same version, built anew: its store path has another hash.
    Rebuilt,
    /// Only the first seed has it.
    Gone,
}

/// What changed: a package, in one or several outputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct What {
    /// The package: a name without version.
    pub package: String,
    /// The version in the first seed; empty where the name has none, or the first seed has no such package.
    pub from: String,
    /// The version in the second seed.
    pub to: String,
}

/// A change of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// How it changed.
    pub kind: Kind,
    /// What changed.
    #[serde(flatten)]
    pub what: What,
    /// The store paths that only the first seed has.
    pub removed: Vec<String>,
    /// The store paths that only the second seed has.
    pub added: Vec<String>,
    /// The compressed bytes of these.
    pub bytes: u64,
    /// Why it was rebuilt: the nearest of what it refers to that is new or has another version, at most 16 for each
    /// path. None: its own recipe changed, or something that it is built with and does not refer to.
    pub because: Vec<What>,
}

type Key = (Kind, What);

/// The changes between two seeds, of which only the first has `old` and only the second `new` (positions in `b`): by kind,
/// the largest first.
pub(crate) fn changes(old: &[&StorePath], b: &Index, new: &[u32]) -> Vec<Change> {
    let new_paths: Vec<&StorePath> = new.iter().map(|position| &b.paths[*position as usize].info.path).collect();
    // The position of each among the new ones.
    let places: HashMap<&StorePath, u32> = new_paths.iter().copied().zip(0..).collect();
    let pairs = pairs(old, &new_paths);
    let mut keys: Vec<Option<Key>> = vec![None; new.len()];
    let mut grouped: BTreeMap<Key, Vec<&Pair<'_>>> = BTreeMap::new();
    for pair in &pairs {
        let key = key(pair);
        if let Some(place) = pair.new.and_then(|path| places.get(path)) {
            keys[*place as usize] = Some(key.clone());
        }
        grouped.entry(key).or_default().push(pair);
    }
    let because = because(b, new, &places, &keys);
    let mut changes: Vec<Change> = grouped
        .into_iter()
        .map(|((kind, what), pairs)| {
            let added: Vec<u32> = pairs.iter().filter_map(|pair| places.get(pair.new?)).copied().collect();
            let size = |place: &u32| b.compressed_size(&b.paths[new[*place as usize] as usize]);
            let causes: BTreeSet<&What> = match kind {
                Kind::Rebuilt => added.iter().flat_map(|place| &because[*place as usize]).copied().collect(),
                _ => BTreeSet::new(),
            };
            Change {
                kind,
                removed: pairs.iter().filter_map(|pair| pair.old).map(ToString::to_string).collect(),
                added: added.iter().map(|place| new_paths[*place as usize].to_string()).collect(),
                bytes: added.iter().map(size).sum(),
                because: causes.into_iter().filter(|cause| **cause != what).cloned().collect(),
                what,
            }
        })
        .collect();
    changes.sort_by(|a, b| (a.kind, b.bytes, &a.what).cmp(&(b.kind, a.bytes, &b.what)));
    changes
}

fn key(pair: &Pair<'_>) -> Key {
    let (old, new) = (pair.old.map(Name::of), pair.new.map(Name::of));
    let version = |name: Option<Name<'_>>| name.map_or(String::new(), |name| name.version.to_owned());
    let kind = match (&old, &new) {
        (Some(old), Some(new)) if old.version == new.version => Kind::Rebuilt,
        (Some(_), Some(_)) => Kind::Updated,
        (None, _) => Kind::New,
        (_, None) => Kind::Gone,
    };
    let package = new.or(old).map_or(String::new(), |name| name.package.to_owned());
    (kind, What { package, from: version(old), to: version(new) })
}

/// The causes of each new path, as what changed.
fn because<'a>(
    b: &Index,
    new: &[u32],
    places: &HashMap<&StorePath, u32>,
    keys: &'a [Option<Key>],
) -> Vec<Vec<&'a What>> {
    let references: Vec<Vec<u32>> = (0..)
        .zip(new)
        .map(|(place, position)| {
            let references = &b.paths[*position as usize].info.references;
            references.iter().filter_map(|to| places.get(to).copied()).filter(|to| *to != place).collect()
        })
        .collect();
    let is_root: Vec<bool> = keys.iter().map(|key| !matches!(key, Some((Kind::Rebuilt, _)))).collect();
    let what = |causes: Vec<u32>| -> Vec<&'a What> {
        causes.iter().filter_map(|place| keys[*place as usize].as_ref().map(|(_, what)| what)).collect()
    };
    causes(&references, &is_root).into_iter().map(what).collect()
}
