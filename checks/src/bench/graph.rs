//! Closures, as Nix describes them, and parts of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// Store paths, with what Nix says of each.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    paths: BTreeMap<String, Value>,
}

impl Graph {
    /// From what `nix path-info --json` prints: by path, or as a list in older versions.
    pub fn parse(json: &str) -> Result<Self> {
        let paths = match serde_json::from_str(json).context("what Nix says of paths is not JSON")? {
            Value::Object(paths) => paths.into_iter().collect(),
            Value::Array(list) => {
                let path = |info: Value| Some((info["path"].as_str()?.to_owned(), info));
                list.into_iter().filter_map(path).collect()
            }
            _ => BTreeMap::new(),
        };
        Ok(Self { paths })
    }

    /// As the helper reads it.
    pub fn to_json(&self) -> String {
        let row = |(path, info): (&String, &Value)| {
            let mut info = info.clone();
            info["path"] = path.as_str().into();
            info
        };
        self.paths.iter().map(row).collect::<Value>().to_string()
    }

    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.paths.keys().map(String::as_str)
    }

    pub fn contains(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    pub fn insert(&mut self, path: String, info: Value) {
        self.paths.insert(path, info);
    }

    /// Takes over all paths of another.
    pub fn extend(&mut self, other: &Self) {
        self.paths.extend(other.paths.iter().map(|(path, info)| (path.clone(), info.clone())));
    }

    pub fn info(&self, path: &str) -> Option<&Value> {
        self.paths.get(path)
    }

    /// The bytes of all its NARs.
    pub fn size(&self) -> u64 {
        self.paths.keys().map(|path| self.size_of(path)).sum()
    }

    pub fn size_of(&self, path: &str) -> u64 {
        self.paths.get(path).and_then(|info| info["narSize"].as_u64()).unwrap_or_default()
    }

    fn references(&self, path: &str) -> impl Iterator<Item = &str> {
        let references = self.paths.get(path).and_then(|info| info["references"].as_array());
        references.into_iter().flatten().filter_map(Value::as_str).filter(move |reference| *reference != path)
    }

    /// Whether another path refers to it.
    pub fn is_needed(&self, path: &str) -> bool {
        self.paths().any(|user| user != path && self.references(user).any(|reference| reference == path))
    }

    /// These paths and all that they refer to, as far as it is in the graph.
    #[must_use]
    pub fn closure<'a>(&'a self, roots: impl IntoIterator<Item = &'a str>) -> Self {
        let mut part = Self::default();
        let mut left: Vec<_> = roots.into_iter().collect();
        while let Some(path) = left.pop() {
            if let Some(info) = self.info(path).filter(|_| !part.contains(path)) {
                part.insert(path.to_owned(), info.clone());
                left.extend(self.references(path));
            }
        }
        part
    }

    /// Without these paths.
    #[must_use]
    pub fn without(&self, paths: &BTreeSet<String>) -> Self {
        let kept = self.paths.iter().filter(|(path, _)| !paths.contains(*path));
        Self { paths: kept.map(|(path, info)| (path.clone(), info.clone())).collect() }
    }

    /// Takes out all paths that another has as well.
    #[must_use]
    pub fn take(&mut self, other: &Self) -> Self {
        let (taken, left) = std::mem::take(&mut self.paths).into_iter().partition(|(path, _)| other.contains(path));
        self.paths = left;
        Self { paths: taken }
    }

    /// `count` paths that nothing else needs once they are gone; none of `kept`.
    pub fn removable(&self, count: usize, kept: &BTreeSet<String>) -> BTreeSet<String> {
        let mut users: BTreeMap<&str, usize> = BTreeMap::new();
        for path in self.paths.keys() {
            for reference in self.references(path) {
                *users.entry(reference).or_default() += 1;
            }
        }
        let is_free = |users: &BTreeMap<&str, usize>, path: &str| users.get(path).is_none_or(|count| *count == 0);
        // By name, which begins with a hash: without a rule.
        let mut free: BTreeSet<&str> =
            self.paths().filter(|path| is_free(&users, path) && !kept.contains(*path)).collect();
        let mut removed = BTreeSet::new();
        while removed.len() < count
            && let Some(path) = free.pop_first()
        {
            removed.insert(path.to_owned());
            for reference in self.references(path) {
                if let Some(users) = users.get_mut(reference) {
                    *users -= 1;
                }
                if is_free(&users, reference) && !kept.contains(reference) && self.contains(reference) {
                    free.insert(reference);
                }
            }
        }
        removed
    }

    /// A closure within this one, of at most so many bytes, and of little less where there are many paths.
    #[must_use]
    pub fn of_size(&self, bytes: u64) -> Self {
        let mut part = Self::default();
        let mut room = bytes;
        for path in self.paths() {
            let mut more = BTreeSet::new();
            let mut left = vec![path];
            while let Some(path) = left.pop() {
                if self.contains(path) && !part.contains(path) && more.insert(path) {
                    left.extend(self.references(path));
                }
            }
            let size = more.iter().map(|path| self.size_of(path)).sum();
            if let Some(rest) = room.checked_sub(size) {
                room = rest;
                part.paths
                    .extend(more.into_iter().filter_map(|path| Some((path.to_owned(), self.info(path)?.clone()))));
            }
        }
        part
    }

    /// The same under other names; what it refers to has other names as well.
    #[must_use]
    pub fn renamed(&self, rename: impl Fn(&str) -> String) -> Self {
        let renamed = |(path, info): (&String, &Value)| {
            let mut info = info.clone();
            info["references"] = self.references(path).map(&rename).collect();
            // The name was derived from the content.
            info["ca"] = Value::Null;
            (rename(path), info)
        };
        Self { paths: self.paths.iter().map(renamed).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a and b need c; each is as long as its place in the alphabet.
    fn graph() -> Graph {
        Graph::parse(
            r#"{ "a": { "narSize": 1, "references": ["a", "c"] }, "b": { "narSize": 2, "references": ["c"] },
                 "c": { "narSize": 3, "references": [] }, "d": { "narSize": 4, "references": [] } }"#,
        )
        .unwrap()
    }

    fn set(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_removed_leaves_a_closure() {
        assert_eq!(graph().removable(2, &set(&[])), set(&["a", "b"]));
        assert_eq!(graph().removable(9, &set(&["b"])), set(&["a", "d"]));
        assert_eq!(graph().without(&set(&["a"])).size(), 9);
        assert!(graph().is_needed("c") && !graph().is_needed("a"));
    }

    #[test]
    fn what_is_taken_and_what_is_left_are_all() {
        let mut rest = graph();
        let taken = rest.take(&graph().closure(["a"]));
        assert_eq!((taken.paths().collect(), rest.paths().collect()), (vec!["a", "c"], vec!["b", "d"]));
        assert_eq!(rest.take(&taken).size(), 0);
    }

    #[test]
    fn a_closure_has_what_its_roots_refer_to() {
        let closure = |roots: &[&str]| graph().closure(roots.iter().copied()).size();
        assert_eq!((closure(&[]), closure(&["a"]), closure(&["a", "b"]), closure(&["d", "elsewhere"])), (0, 4, 6, 4));
    }

    #[test]
    fn a_part_is_a_closure_and_not_too_large() {
        let part = |bytes| graph().of_size(bytes).paths().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(part(2), Vec::<String>::new());
        assert_eq!(part(5), ["a", "c"]);
        assert_eq!(part(3), ["c"]);
        assert_eq!(part(8), ["a", "b", "c"]);
        assert_eq!(part(10), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_renamed_closure_refers_to_itself() {
        let renamed = graph().renamed(|path| format!("x{path}"));
        assert_eq!(renamed.references("xb").collect::<Vec<_>>(), ["xc"]);
        assert_eq!(renamed.size(), graph().size());
    }

    #[test]
    fn both_forms_of_nix_are_read() {
        let list = Graph::parse(&graph().to_json()).unwrap();
        assert_eq!(list.paths().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }
}
