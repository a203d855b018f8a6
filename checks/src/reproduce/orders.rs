//! In which order a file system lists its folders: proof that a copy does list them otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The direction of a list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forwards,
    Backwards,
}

/// The names in each folder, as they are listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Orders(BTreeMap<PathBuf, Vec<PathBuf>>);

impl Orders {
    /// What the file system says of what is in `paths`.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut orders = BTreeMap::new();
        let mut folders: Vec<PathBuf> =
            paths.iter().filter(|path| path.is_dir() && !path.is_symlink()).cloned().collect();
        while let Some(folder) = folders.pop() {
            let mut names = Vec::new();
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let entry = entry?;
                names.push(entry.file_name().into());
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                }
            }
            orders.insert(folder, names);
        }
        Ok(Self(orders))
    }

    /// From what `find` prints, which keeps the order: absolute paths.
    pub fn of_find(text: &str) -> Self {
        let mut orders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for path in text.lines().map(Path::new) {
            if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                orders.entry(folder.into()).or_default().push(name.into());
            }
        }
        Self(orders)
    }

    /// How many folders there are.
    pub fn folders(&self) -> usize {
        self.0.len()
    }

    /// How many folders `other` lists otherwise.
    pub fn differing(&self, other: &Self) -> usize {
        self.0.iter().filter(|(folder, names)| other.0.get(*folder).is_some_and(|others| others != *names)).count()
    }

    /// Whatever is in `paths`, themselves included: folders before what is in them, and names in one direction.
    pub fn list(&self, paths: &[PathBuf], direction: Direction) -> Vec<PathBuf> {
        let sort = |paths: &mut Vec<PathBuf>| match direction {
            Direction::Forwards => paths.sort_by(|a, b| b.cmp(a)),
            Direction::Backwards => paths.sort(),
        };
        let mut list = Vec::new();
        let mut rest = paths.to_vec();
        sort(&mut rest);
        while let Some(path) = rest.pop() {
            if let Some(names) = self.0.get(&path) {
                let mut below = names.iter().map(|name| path.join(name)).collect();
                sort(&mut below);
                rest.extend(below);
            }
            list.push(path);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_apart_and_turned_round() {
        let orders = Orders::of_find("/s/a\n/s/a/x\n/s/b\n");
        assert_eq!(orders.differing(&Orders::of_find("/s/b\n/s/a\n/s/a/x\n")), 1);
        assert_eq!(orders.differing(&Orders::of_find("/s/a\n/s/b\n/s/a/x\n")), 0);
        let list = |direction| orders.list(&["/s".into()], direction);
        assert_eq!(list(Direction::Backwards), ["/s", "/s/b", "/s/a", "/s/a/x"].map(PathBuf::from));
        assert_eq!(list(Direction::Forwards), ["/s", "/s/a", "/s/a/x", "/s/b"].map(PathBuf::from));
    }

    #[test]
    fn a_folder_is_read_as_find_prints_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "c", "a"] {
            fs::create_dir_all(folder.path().join(name).join("below")).unwrap();
        }
        let mut find = std::process::Command::new("find");
        let text = crate::machine::process::output(find.arg(folder.path()).args(["-mindepth", "1"])).unwrap();
        assert_eq!(Orders::read(&[folder.path().into()]).unwrap().differing(&Orders::of_find(&text)), 0);
    }
}
