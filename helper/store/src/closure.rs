use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::{Error, Result, Sha256Hash, StorePath};

/// What Nix knows of a valid store path, as far as a seed carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// The path.
    pub path: StorePath,
    /// The SHA-256 hash of its NAR.
    pub nar_hash: Sha256Hash,
    /// The length of its NAR in bytes.
    pub nar_size: u64,
    /// The store paths that it refers to, itself included where it does, sorted.
    pub references: Vec<StorePath>,
    /// How its content determines its path, where it does: `fixed:r:sha256:…`, `text:sha256:…`.
    pub ca: Option<String>,
}

/// A set of store paths, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure(BTreeMap<StorePath, PathInfo>);

impl Closure {
    /// Adds a path. One that is there already is refused.
    pub fn insert(&mut self, info: PathInfo) -> Result<()> {
        match self.0.entry(info.path.clone()) {
            Entry::Occupied(_) => Err(Error::Twice { path: info.path }),
            Entry::Vacant(place) => {
                place.insert(info);
                Ok(())
            }
        }
    }

    /// Refuses a set that refers to a path outside itself.
    pub fn check_complete(&self) -> Result<()> {
        for info in self.iter() {
            if let Some(missing) = info.references.iter().find(|path| !self.0.contains_key(path)) {
                return Err(Error::Incomplete { missing: missing.clone(), referrer: info.path.clone() });
            }
        }
        Ok(())
    }

    /// The members that `earlier` lacks. A member that it has with other content is refused: one of the two is not what
    /// the store holds.
    pub fn without(&self, earlier: &Self) -> Result<Self> {
        let mut rest = Self::default();
        for info in self.iter() {
            match earlier.0.get(&info.path) {
                None => rest.insert(info.clone())?,
                Some(other) if other == info => {}
                Some(_) => return Err(Error::Differs { path: info.path.clone() }),
            }
        }
        Ok(rest)
    }

    /// The members, sorted by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PathInfo> {
        self.0.values()
    }

    /// What the set says of `path`, if it holds it.
    pub fn get(&self, path: &StorePath) -> Option<&PathInfo> {
        self.0.get(path)
    }

    /// Whether the set holds `path`.
    pub fn contains(&self, path: &StorePath) -> bool {
        self.0.contains_key(path)
    }

    /// The sum of the members' NAR lengths in bytes.
    pub fn nar_size(&self) -> u64 {
        self.iter().fold(0, |sum, info| sum.saturating_add(info.nar_size))
    }

    /// The members by falling NAR length, at most `count`.
    pub fn largest(&self, count: usize) -> Vec<&PathInfo> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_by(|a, b| b.nar_size.cmp(&a.nar_size).then_with(|| a.path.cmp(&b.path)));
        all.truncate(count);
        all
    }
}

impl FromIterator<PathInfo> for Closure {
    /// Of several entries for one path the last is kept.
    fn from_iter<I: IntoIterator<Item = PathInfo>>(infos: I) -> Self {
        Self(infos.into_iter().map(|info| (info.path.clone(), info)).collect())
    }
}
